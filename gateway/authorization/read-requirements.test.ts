import { describe, expect, it } from '@jest/globals';
import { composed } from '../test-support/protected-supergraph.js';
import { readRequirements } from './read-requirements.js';

const LINK = '@link(url: "https://specs.apollo.dev/link/v1.0")';
const link = (name: string, rest = '') => `@link(url: "https://specs.apollo.dev/${name}/v0.1"${rest})`;
const schema = (links: string, types: string) => `schema ${LINK} ${links} { query: Query } ${types}`;
const read = (sdl: string) => Object.fromEntries(readRequirements(sdl));

const authenticated = { kind: 'authenticated' };
const unreadable = expect.objectContaining({ code: 'INTERNAL', message: expect.stringContaining('cannot be read') });
const failure = (sdl: string): unknown => {
  try {
    readRequirements(sdl);
    return null;
  } catch (error) {
    return error;
  }
};

describe('The access control of a composed supergraph', () => {
  it('is found on fields, objects, scalars and enums, and on interfaces, which get it from their objects', () => {
    const supergraph = composed([
      `type Query { me: User @authenticated open: Int }
       interface Node { id: ID! note: String }
       type User implements Node @requiresScopes(scopes: [["a", "users:read"], ["b"]]) {
         id: ID! note: String @policy(policies: [["entitled:notes"]]) name: Name colour: Colour
       }
       scalar Name @authenticated
       enum Colour @policy(policies: [["product:paint", "x"]]) { RED }`,
    ]);
    const users = {
      kind: 'scopes',
      anyOf: [['a', 'users:read'], ['b']],
    };
    const notes = { kind: 'policies', anyOf: [['entitled:notes']] };
    expect(read(supergraph)).toEqual({
      'Query.me': [authenticated],
      Node: [users],
      'Node.note': [notes],
      User: [users],
      'User.note': [notes],
      Name: [authenticated],
      Colour: [{ kind: 'policies', anyOf: [['product:paint', 'x']] }],
    });
  });

  it('wants what each of two subgraphs wants', () => {
    const of = (scopes: string) => `type Query { a: Int @shareable @requiresScopes(scopes: ${scopes}) }`;
    const imports = '["@shareable", "@requiresScopes"]';
    const supergraph = composed([of('[["a"], ["b"]]'), of('[["c"]]')], imports);
    expect(read(supergraph)).toEqual({
      'Query.a': [
        {
          kind: 'scopes',
          anyOf: [
            ['a', 'c'],
            ['b', 'c'],
          ],
        },
      ],
    });
  });

  it.each([
    ['imported', '["@authenticated"]', '@authenticated'],
    ['renamed', '[{ name: "@authenticated", as: "@signedIn" }]', '@signedIn'],
    ['not imported', '[]', '@federation__authenticated'],
  ])('is found where the directive is %s', (_how, imports, directive) => {
    expect(read(composed([`type Query { a: Int ${directive} b: Int }`], imports))).toEqual({
      'Query.a': [authenticated],
    });
  });

  it('is found where a field comes from an @interfaceObject', () => {
    const supergraph = composed([
      'type Query { pet: Pet } type Pet @interfaceObject @key(fields: "id") { id: ID! price: Int @authenticated }',
      'interface Pet @key(fields: "id") { id: ID! } type Cat implements Pet @key(fields: "id") { id: ID! }',
    ]);
    expect(read(supergraph)).toEqual({ 'Pet.price': [authenticated], 'Cat.price': [authenticated] });
  });

  it('is empty where nothing is protected', () => {
    expect(read(composed(['type Query { a: Int }']))).toEqual({});
  });
});

describe('The name of an access control directive', () => {
  it.each([
    ['its own', link('policy'), '@policy'],
    ['the one of the import', link('policy', ', import: ["@policy"]'), '@policy'],
    ['the alias of the import', link('policy', ', import: [{ name: "@policy", as: "@may" }]'), '@may'],
    ['the alias of the link', link('policy', ', as: "rule"'), '@rule'],
  ])('is %s', (_which, links, directive) => {
    expect(read(schema(links, `type Query { a: Int ${directive}(policies: [["p"]]) }`))).toEqual({
      'Query.a': [{ kind: 'policies', anyOf: [['p']] }],
    });
  });

  it('is found through links that are called otherwise', () => {
    const links = `@lnk(url: "https://specs.apollo.dev/link/v1.0", as: "lnk")
      @lnk(url: "https://specs.apollo.dev/authenticated/v0.1", as: "auth")`;
    expect(read(`extend schema ${links} type Query { a: Int @auth }`)).toEqual({ 'Query.a': [authenticated] });
  });

  it('is found through @core, as supergraphs of old wrote it', () => {
    const links = `@core(feature: "https://specs.apollo.dev/core/v0.2")
      @core(feature: "https://specs.apollo.dev/authenticated/v0.1", as: "auth")`;
    expect(read(`schema ${links} { query: Query } type Query { a: Int @auth }`)).toEqual({
      'Query.a': [authenticated],
    });
  });

  it('may be that of another specification, which protects nothing', () => {
    const links = '@link(url: "https://example.com/house/v1.0", import: ["@authenticated", "@policy"])';
    expect(read(schema(links, 'type Query { a: Int @authenticated b: Int @policy(name: "x") }'))).toEqual({});
  });
});

describe('A requirement', () => {
  it('is one object wherever it stands', () => {
    const found = readRequirements(
      schema(link('authenticated'), 'type Query @authenticated { a: Int @authenticated }'),
    );
    expect(found.get('Query')?.[0]).toBe(found.get('Query.a')?.[0]);
  });

  it('of one name may leave the brackets out, as any list in GraphQL', () => {
    const sdl = schema(link('requiresScopes'), 'type Query { a: Int @requiresScopes(scopes: "s") }');
    expect(read(sdl)).toEqual({ 'Query.a': [{ kind: 'scopes', anyOf: [['s']] }] });
  });

  it('is found in an extension of a type too', () => {
    const sdl = schema(link('authenticated'), 'type Query { a: Int } extend type Query @authenticated');
    expect(read(sdl)).toEqual({ Query: [authenticated] });
  });
});

describe('A supergraph is not served', () => {
  const scopes = link('requiresScopes');
  it.each([
    ['a version that is not known', '@link(url: "https://specs.apollo.dev/policy/v0.2")', 'type Query { a: Int }'],
    ['no version', '@link(url: "https://specs.apollo.dev/authenticated")', 'type Query { a: Int @authenticated }'],
    ['a link that is no url', '@link(url: "authenticated")', 'type Query { a: Int @authenticated }'],
    ['a link whose import is odd', link('policy', ', import: [7]'), 'type Query { a: Int }'],
    ['a directive that no link explains', '', 'type Query { a: Int @authenticated }'],
    ['scopes that are missing', scopes, 'type Query { a: Int @requiresScopes }'],
    ['scopes that are null', scopes, 'type Query { a: Int @requiresScopes(scopes: null) }'],
    ['scopes that are numbers', scopes, 'type Query { a: Int @requiresScopes(scopes: [[1]]) }'],
    ['scopes under another name', scopes, 'type Query { a: Int @requiresScopes(scope: [["a"]]) }'],
    ['an argument too many', scopes, 'type Query { a: Int @requiresScopes(scopes: [["a"]], unless: true) }'],
    ['@authenticated with an argument', link('authenticated'), 'type Query { a: Int @authenticated(if: false) }'],
    ['a protected argument', link('authenticated'), 'type Query { a(b: Int @authenticated): Int }'],
    ['a protected input field', link('authenticated'), 'type Query { a: Int } input I { b: Int @authenticated }'],
    ['a protected enum value', link('authenticated'), 'type Query { a: E } enum E { X @authenticated }'],
    ['a protected union', link('authenticated'), 'type Query { a: U } union U @authenticated = Query'],
    ['a protected schema', `${link('authenticated')} @authenticated`, 'type Query { a: Int }'],
  ])('with %s', (_what, links, types) => {
    expect(failure(schema(links, types))).toEqual(unreadable);
  });

  it('where the old name is used although the directive was renamed', () => {
    const renamed = link('authenticated', ', import: [{ name: "@authenticated", as: "@signedIn" }]');
    expect(failure(schema(renamed, 'type Query { a: Int @authenticated }'))).toEqual(unreadable);
  });
});
