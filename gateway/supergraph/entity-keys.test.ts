import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { composed } from '../test-support/protected-supergraph.js';
import { readEntityKeys } from './entity-keys.js';

const keysOf = (...subgraphs: string[]) => readEntityKeys(parse(composed(subgraphs)));

describe('The keys of an entity', () => {
  it('are those by which this subgraph answers it', () => {
    const keys = keysOf(
      'type Query { user: User } type User @key(fields: "id") @key(fields: "email") { id: ID! email: String! }',
      'type User @key(fields: "id") { id: ID! age: Int }',
    );
    expect(keys('s0', 'User')).toEqual([{ id: {} }, { email: {} }]);
    expect(keys('s1', 'User')).toEqual([{ id: {} }]);
  });

  it('may be of several fields, and of fields of fields', () => {
    const keys = keysOf(`
      type Query { seat: Seat }
      type Seat @key(fields: "row number hall { id owner { name } }") { row: Int! number: Int! hall: Hall! }
      type Hall { id: ID! owner: Owner! }
      type Owner { name: String! }`);
    expect(keys('s0', 'Seat')).toEqual([{ row: {}, number: {}, hall: { id: {}, owner: { name: {} } } }]);
  });

  it('are not those that only name it: resolvable: false', () => {
    const keys = keysOf(
      'type Query { user: User } type User @key(fields: "id") @key(fields: "email", resolvable: true) { id: ID! email: String! }',
      'type Query { note: Note } type Note { author: User } type User @key(fields: "id", resolvable: false) { id: ID! }',
    );
    expect(keys('s0', 'User')).toEqual([{ id: {} }, { email: {} }]);
    expect(keys('s1', 'User')).toEqual([]);
  });

  it('are there for interfaces too', () => {
    const keys = keysOf(
      'type Query { media: Media } interface Media @key(fields: "id") { id: ID! } type Book implements Media @key(fields: "id") { id: ID! }',
      'type Media @interfaceObject @key(fields: "id") { id: ID! rating: Int }',
    );
    expect([keys('s0', 'Media'), keys('s0', 'Book'), keys('s1', 'Media')]).toEqual([
      [{ id: {} }],
      [{ id: {} }],
      [{ id: {} }],
    ]);
    expect(keys('s1', 'Book')).toEqual([]);
  });

  it('leave out what a fragment asks of some types only', () => {
    const keys = readEntityKeys(
      parse(`
      enum join__Graph { S0 @join__graph(name: "s0", url: "") }
      type Seat @join__type(graph: S0, key: "id place { ... on Hall { hall } kind }") { id: ID! }`),
    );
    expect(keys('s0', 'Seat')).toEqual([{ id: {}, place: { kind: {} } }]);
  });

  it('are none for what is no entity, or nothing at all', () => {
    const keys = keysOf('type Query { plain: Plain } type Plain { id: ID! }');
    expect([keys('s0', 'Plain'), keys('s0', 'Nothing'), keys('nobody', 'Plain')]).toEqual([[], [], []]);
  });

  it('are found by the subgraph’s own name, whatever the supergraph calls it', () => {
    const keys = readEntityKeys(
      parse(`
      enum join__Graph { WITH_DASH_1 @join__graph(name: "with-dash", url: "") }
      type User @join__type(graph: WITH_DASH_1, key: "id") { id: ID! }`),
    );
    expect([keys('with-dash', 'User'), keys('WITH_DASH_1', 'User')]).toEqual([[{ id: {} }], []]);
  });
});
