import { describe, expect, it } from '@jest/globals';
import { printSchema } from 'graphql';
import { ACCOUNTS_SDL, NOTES_SDL } from '../test-support/test-subgraphs.js';
import { apiSchemaOf, composeSupergraph } from './compose-supergraph.js';

const source = (name: string, sdl: string) => ({ name, sdl, routingUrl: `http://${name}/graphql` });

describe('Composing', () => {
  it('joins subgraphs into a supergraph whose API schema knows nothing of federation', () => {
    const composition = composeSupergraph([source('accounts', ACCOUNTS_SDL), source('notes', NOTES_SDL)]);
    expect(composition).toMatchObject({ kind: 'composed', sdl: expect.stringContaining('@join__graph') });
    const api = printSchema(apiSchemaOf((composition as { sdl: string }).sdl));
    expect(api).toContain('notes: [Note!]');
    expect(api).not.toMatch(/join__|_entities|@key/);
  });

  it('names subgraph, code and place of a conflict', () => {
    const composition = composeSupergraph([
      source('a', 'type Query { a: Thing }\ntype Thing { id: Int }'),
      source('b', 'type Query { b: Thing }\n\n  type Thing { id: String }'),
    ]);
    expect(composition).toEqual({
      kind: 'failed',
      errors: [
        {
          code: 'FIELD_TYPE_MISMATCH',
          message: expect.stringContaining('Thing.id'),
          subgraph: 'a',
          line: 2,
          column: 14,
          alsoAt: [{ subgraph: 'b', line: 3, column: 16 }],
        },
      ],
    });
  });

  it('names the places of what cannot be asked for, though the composer names only a field', () => {
    const KEY = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n';
    const composition = composeSupergraph([
      source('a', `${KEY}type Query { a: Thing }\ntype Thing @key(fields: "id") { id: ID! }`),
      source('b', `${KEY}type Thing @key(fields: "id", resolvable: false) {\n  id: ID!\n  "Its size."\n  size: Int\n}`),
    ]);
    expect(composition).toEqual({
      kind: 'failed',
      errors: [
        {
          code: 'SATISFIABILITY_ERROR',
          message: expect.stringContaining('cannot find field "Thing.size"'),
          subgraph: 'b',
          line: 5,
          column: 3,
        },
      ],
    });
  });

  it('gives a hint its level and its places, at the name of what it speaks of', () => {
    const composition = composeSupergraph([
      source('a', '"Everything."\ntype Query { a(size: Int): Int }'),
      source('b', '"All there is."\ntype Query { b: Int }'),
    ]);
    expect(composition).toMatchObject({
      kind: 'composed',
      hints: [
        {
          code: 'INCONSISTENT_DESCRIPTION',
          level: 'warn',
          message: expect.stringContaining('"Query"'),
          subgraph: 'a',
          line: 2,
          column: 6,
          alsoAt: [{ subgraph: 'b', line: 2, column: 6 }],
        },
      ],
    });
  });

  it('names subgraph, line and column of what is not GraphQL, for every such subgraph', () => {
    expect(composeSupergraph([source('a', 'type Query {\n  a Int\n}'), source('b', 'typ')])).toEqual({
      kind: 'failed',
      errors: [
        {
          code: 'INVALID_GRAPHQL',
          message: expect.stringContaining('Syntax Error'),
          subgraph: 'a',
          line: 2,
          column: 5,
        },
        {
          code: 'INVALID_GRAPHQL',
          message: expect.stringContaining('Syntax Error'),
          subgraph: 'b',
          line: 1,
          column: 1,
        },
      ],
    });
  });

  it('names the subgraph and the place of a schema that is not valid by itself', () => {
    expect(composeSupergraph([source('a', 'type Query {\n  a: Missing\n}')])).toEqual({
      kind: 'failed',
      errors: [
        expect.objectContaining({ message: expect.stringContaining('Missing'), subgraph: 'a', line: 2, column: 6 }),
      ],
    });
  });
});
