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
