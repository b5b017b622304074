import { describe, expect, it } from '@jest/globals';
import { Kind, parse, stripIgnoredCharacters } from 'graphql';
import { entitiesRequest, type WantedEntities } from './entities-request.js';
import { entitySelection } from './entity-selection.js';

/** `asked`: of each entity, in braces. */
function wanted(head: string, variables: string, asked: string, ...own: string[]): WantedEntities {
  const document = stripIgnoredCharacters(
    `${head}($representations: [_Any!]! ${variables}) { _entities(representations: $representations) ${asked} }`,
  );
  const [definition] = parse(document, { noLocation: true }).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('This is no operation.');
  return { selection: entitySelection(document, definition, [])!, own };
}

const BOOKS = wanted(
  'query Shop__books__1',
  '$n: Int = 3, $lang: String!',
  '{ ... on Book { title(lang: $lang) pages(n: $n) } }',
);
const FILMS = wanted(
  'query Shop__films__2',
  '$n: Int = 3',
  '{ ... on Film { id cast(n: $n) { name @include(if: $n) } } }',
);

describe('A request for entities', () => {
  it('asks for one selection as the plan wrote it', () => {
    const request = entitiesRequest([BOOKS]);
    expect(request.query).toBe(
      stripIgnoredCharacters(`query Shop__books__1($representations: [_Any!]!, $n: Int = 3, $lang: String!) {
        _entities(representations: $representations) { ... on Book { title(lang: $lang) pages(n: $n) } }
      }`),
    );
    expect(request.parts).toEqual([{ alias: '_entities', representations: 'representations', own: new Map() }]);
    expect(request.variables).toEqual(['n', 'lang']);
  });

  it('begins a body that is JSON once the values stand in it', () => {
    const { query, start } = entitiesRequest([wanted('query', '', '{ a(text: "\\"ä\\n") }')]);
    expect(JSON.parse(`${start}}}`)).toEqual({ query, variables: {} });
    expect(JSON.parse(`${start}"representations":[]}}`)).toEqual({ query, variables: { representations: [] } });
  });

  it('asks for several selections under names of their own, and declares a variable they share once', () => {
    const request = entitiesRequest([BOOKS, FILMS]);
    expect(request.query).toBe(
      stripIgnoredCharacters(`query Shop__books__1(
        $representations: [_Any!]!, $n: Int = 3, $lang: String!, $representations_0: [_Any!]!
      ) {
        _e0: _entities(representations: $representations) { ... on Book { title(lang: $lang) pages(n: $n) } }
        _e1: _entities(representations: $representations_0) { ... on Film { id cast(n: $n) { name @include(if: $n) } } }
      }`),
    );
    expect(request.parts.map(({ alias, representations }) => [alias, representations])).toEqual([
      ['_e0', 'representations'],
      ['_e1', 'representations_0'],
    ]);
    expect(request.variables).toEqual(['n', 'lang']);
  });

  it('gives variables that have another value in each part another name in each', () => {
    const one = wanted('query', '$ctx: String, $n: Int', '{ a(list: [{ x: $ctx }], n: $n) { b(y: $ctx) } }', 'ctx');
    const request = entitiesRequest([one, one, FILMS]);
    const [first, second] = request.parts.map(({ own }) => own.get('ctx')!);
    expect(new Set(['ctx', first, second]).size).toBe(3);
    expect(request.query).toBe(
      stripIgnoredCharacters(`query(
        $representations: [_Any!]!, $${first!}: String, $n: Int = 3,
        $representations_0: [_Any!]!, $${second!}: String, $representations_1: [_Any!]!
      ) {
        _e0: _entities(representations: $representations) { a(list: [{ x: $${first!} }], n: $n) { b(y: $${first!}) } }
        _e1: _entities(representations: $representations_0) { a(list: [{ x: $${second!} }], n: $n) { b(y: $${second!}) } }
        _e2: _entities(representations: $representations_1) { ... on Film { id cast(n: $n) { name @include(if: $n) } } }
      }`),
    );
    expect(request.variables).toEqual(['n']);
  });

  it('leaves the names of such variables where there is one part', () => {
    const request = entitiesRequest([wanted('query', '$ctx: String', '{ a(x: $ctx) }', 'ctx')]);
    expect(request.parts[0]!.own).toEqual(new Map([['ctx', 'ctx']]));
    expect(request.query).toContain('a(x:$ctx)');
    expect(request.variables).toEqual([]);
  });

  it('takes no name that the client’s variables have', () => {
    const variables = '$representations_0: [Int!], $ctx: Int, $ctx_0: Int';
    const one = wanted('query', variables, '{ a(x: $representations_0, y: $ctx, z: $ctx_0) }', 'ctx');
    const request = entitiesRequest([one, one]);
    const [definition] = parse(request.query).definitions;
    const declared =
      definition?.kind === Kind.OPERATION_DEFINITION
        ? definition.variableDefinitions!.map(({ variable }) => variable.name.value)
        : [];
    expect(new Set(declared).size).toBe(declared.length);
    expect(request.variables).toEqual(['representations_0', 'ctx_0']);
    expect(request.parts.map(({ representations }) => representations)).not.toContain('representations_0');
  });
});
