import { describe, expect, it } from '@jest/globals';
import { composeSubgraphs } from './compose-subgraphs.js';
import type { SubgraphText } from './read-subgraphs.js';

const subgraph = (name: string, sdl: string, served = false): SubgraphText => ({
  name,
  routingUrl: `http://${name}.test/graphql`,
  file: served ? `http://${name}.test/graphql` : `/schemas/${name}.graphql`,
  sdl,
  served,
});

describe('Composing subgraphs', () => {
  it('makes a supergraph of schemas that use what the kit adds', () => {
    const outcome = composeSubgraphs([
      subgraph('a', 'type Query { a: Thing at: DateTime }\ntype Thing @key(fields: "id") { id: ID! }'),
      subgraph('b', 'type Thing @key(fields: "id") { id: ID! price: Money }'),
    ]);
    expect(outcome).toMatchObject({ kind: 'composed', findings: [] });
    expect((outcome as { sdl: string }).sdl).toContain('currency: String!');
  });

  it('points at the line and column of the file, and at every other subgraph that disagrees', () => {
    const outcome = composeSubgraphs([
      subgraph(
        'a',
        '# about things\n\ntype Query { a: Thing }\n\n"A thing."\ntype Thing {\n  "How large."\n  size: Int @shareable\n}',
      ),
      subgraph('b', 'type Query { b: Thing }\r\ntype Thing {\r\n  size: String @shareable\r\n}\r\n'),
      subgraph('c', 'type Query { c: Thing } type Thing { size: Float @shareable }'),
    ]);
    expect(outcome).toEqual({
      kind: 'failed',
      findings: [
        {
          code: 'FIELD_TYPE_MISMATCH',
          severity: 'error',
          message: expect.stringContaining('"Thing.size"'),
          subgraph: 'a',
          place: { file: '/schemas/a.graphql', line: 8, column: 3 },
          alsoAt: [
            { file: '/schemas/b.graphql', line: 3, column: 3 },
            { file: '/schemas/c.graphql', line: 1, column: 38 },
          ],
          repair: expect.stringMatching(/^Give it the same type/),
        },
      ],
    });
  });

  it('points at what is not GraphQL in every such file, before anything is composed', () => {
    const { findings } = composeSubgraphs([
      subgraph('a', 'type Query {\n  a Int\n}'),
      subgraph('b', 'type Query { b: Int }'),
      subgraph('c', ''),
    ]);
    expect(findings).toMatchObject([
      { code: 'INVALID_GRAPHQL', subgraph: 'a', place: { file: '/schemas/a.graphql', line: 2, column: 5 } },
      { code: 'INVALID_GRAPHQL', subgraph: 'c', place: { file: '/schemas/c.graphql', line: 1, column: 1 } },
    ]);
  });

  it('points at the @link that lacks an import which the shared types need', () => {
    const sdl =
      '\nextend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\ntype Query { a: Money }';
    expect(composeSubgraphs([subgraph('a', sdl)]).findings).toMatchObject([
      { code: 'INVALID_GRAPHQL', place: { line: 2, column: 15 }, message: expect.stringContaining('"@shareable"') },
    ]);
  });

  it('names the file alone where the kit itself has written what is wrong', () => {
    const { findings } = composeSubgraphs([
      subgraph('a', 'type Query { a: Money }'),
      subgraph('b', 'type Query { b: Money }\ntype Money @shareable { amount: Int! currency: String! }'),
    ]);
    expect(findings).toMatchObject([
      {
        code: 'FIELD_TYPE_MISMATCH',
        subgraph: 'a',
        place: { file: '/schemas/a.graphql' },
        alsoAt: [{ file: '/schemas/b.graphql', line: 2, column: 25 }],
      },
    ]);
    expect(findings[0]!.place).not.toHaveProperty('line');
  });

  it('takes a schema that a subgraph told as it is, and points into it by its URL', () => {
    const header =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])\n';
    const { findings } = composeSubgraphs([
      subgraph('a', `${header}type Query { a: Money }\ntype Money { amount: Int }`, true),
      subgraph('b', `${header}type Query { b: DateTime }`, true),
    ]);
    expect(findings).toMatchObject([
      {
        code: 'INVALID_GRAPHQL',
        place: { file: 'http://b.test/graphql', line: 2, column: 17 },
        message: 'Unknown type DateTime',
      },
    ]);
  });

  it('says of a schema that is nested beyond all measure that it is', () => {
    const deep = `type Query { a(x: Int = ${'['.repeat(50_000)}): Int }`;
    expect(composeSubgraphs([subgraph('a', deep)]).findings).toMatchObject([
      {
        code: 'INVALID_GRAPHQL',
        message: 'Something in the schema is nested too deeply to be read.',
        place: { file: '/schemas/a.graphql' },
      },
    ]);
  });

  it('tells what is odd about subgraphs that compose, with places, as warnings and hints', () => {
    const outcome = composeSubgraphs([
      subgraph('a', '"Everything."\ntype Query { a: Int }\n\nenum Unused { ONE }'),
      subgraph('b', '"All there is."\ntype Query { b: Int }'),
    ]);
    expect(outcome).toMatchObject({
      kind: 'composed',
      findings: [
        {
          code: 'INCONSISTENT_DESCRIPTION',
          severity: 'warning',
          place: { file: '/schemas/a.graphql', line: 2, column: 6 },
          alsoAt: [{ file: '/schemas/b.graphql', line: 2, column: 6 }],
        },
        {
          code: 'UNUSED_ENUM_TYPE',
          severity: 'hint',
          subgraph: 'a',
          place: { file: '/schemas/a.graphql', line: 4, column: 6 },
        },
      ],
    });
  });
});
