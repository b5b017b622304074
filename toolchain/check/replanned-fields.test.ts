import { describe, expect, it } from '@jest/globals';
import { composeSubgraphs } from '../compose/compose-subgraphs.js';
import { replannedFields } from './replanned-fields.js';

const USERS = `type Query { user(id: ID!): User settings: Settings found: [Found!]! node: Node }
interface Node { id: ID! }
type User implements Node @key(fields: "id") { id: ID! name: String home: Address! }
type Address { city: String country: Country! }
type Country @key(fields: "code") { code: ID! label: String }
type Settings { theme: String }
union Found = User | Settings`;
const ORDERS = `type User @key(fields: "id") { id: ID! name: String @external orders: [Order!]! greeting: String @requires(fields: "name") }
type Order @key(fields: "id") { id: ID! total: Int }`;

type Sdls = Readonly<Record<string, string>>;

function compose(sdls: Sdls, port = 1): string {
  const outcome = composeSubgraphs(
    Object.entries(sdls).map(([name, sdl]) => ({
      name,
      sdl,
      file: `${name}.graphql`,
      routingUrl: `http://127.0.0.1:${port}/${name}`,
      served: false,
    })),
  );
  if (outcome.kind === 'failed') throw new Error(outcome.findings.map(({ message }) => message).join('\n'));
  return outcome.sdl;
}

const BASE: Sdls = { users: USERS, orders: ORDERS };
const base = compose(BASE);
const replanned = (sdls: Sdls): readonly string[] => [...replannedFields(base, compose(sdls))].sort();

describe('The fields whose plan may differ', () => {
  it('are none where only descriptions, places or the order of things differ', () => {
    const described = USERS.replace('type Settings', '"What people set."\ntype Settings');

    expect([...replannedFields(base, compose({ orders: ORDERS, users: described }, 2))]).toEqual([]);
  });

  it('are none where only who may see something differs, what it costs, or whether it is to be used', () => {
    const guarded = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
      import: ["@key", "@tag", "@authenticated", "@requiresScopes", "@policy", "@cost", "@listSize"])
    ${USERS.replace('type Settings', 'type Settings @authenticated @requiresScopes(scopes: [["a"]])')
      .replace('theme: String', 'theme: String @cost(weight: 3) @deprecated @tag(name: "old")')
      .replace('city: String', 'city: String @policy(policies: [["p"]])')
      .replace('[Found!]!', '[Found!]! @listSize(assumedSize: 3)')}`;

    expect(replanned({ ...BASE, users: guarded })).toEqual([]);
  });

  it('are not those beside a new field, or of a new subgraph that has no part in them', () => {
    const more = {
      ...BASE,
      users: USERS.replace('theme: String', 'theme: String size: Int'),
      news: 'type Query { news: [String!] }',
    };

    expect(replanned(more)).toEqual([]);
  });

  it('are those of a field that another subgraph resolves, and of whatever requires it', () => {
    const moved = {
      ...BASE,
      users: USERS.replace('name: String home', 'home'),
      names: 'type User @key(fields: "id") { id: ID! name: String }',
    };

    // A third subgraph knows users: each field of a user, or that leads to one, may now be fetched by another way.
    expect(replanned(moved)).toEqual([
      'Node.id',
      'Query.found',
      'Query.node',
      'Query.user',
      'User.greeting',
      'User.home',
      'User.id',
      'User.name',
      'User.orders',
    ]);
  });

  it('are those of a type with another key, and of a field that leads to it', () => {
    const keyed = { ...BASE, users: USERS.replace('Country @key(fields: "code")', 'Country') };

    expect(replanned(keyed)).toEqual(['Address.country', 'Country.code', 'Country.label']);
  });

  it('are those that require something which is resolved otherwise', () => {
    const renamed = {
      ...BASE,
      users: USERS.replace('name: String home', 'name: String @shareable home'),
      more: 'type User @key(fields: "id") { id: ID! name: String @shareable }',
    };

    expect(replanned(renamed)).toContain('User.greeting');
  });
});
