import { describe, expect, it } from '@jest/globals';
import { buildSchema, NoUnusedFragmentsRule, parse, print, specifiedRules, validate } from 'graphql';
import { expandAbstractFragments } from './expand-abstract-fragments.js';

const schema = buildSchema(`
  type Query { media: Media  book: Book }
  interface Media { id: ID }
  interface Printed { pages: Int }
  type Book implements Media & Printed { id: ID  pages: Int }
  type Film implements Media { id: ID  minutes: Int }
  type Map implements Printed { pages: Int }
  union Liked = Book | Film
`);
const formatted = (source: string) => print(parse(source));
function expanded(source: string): string {
  const document = expandAbstractFragments(parse(source), schema, new Set(['Media']));
  const rules = specifiedRules.filter((rule) => rule !== NoUnusedFragmentsRule); // the planner takes what is used
  expect(validate(schema, document, rules)).toEqual([]);
  return print(document);
}

describe('A fragment on another abstract type, where an interface object may stand', () => {
  it('becomes one for each object type that is both', () => {
    expect(expanded('{ media { id ... on Printed { pages } } }')).toBe(
      formatted('{ media { id ... { ... on Book { pages } } } }'),
    );
    expect(expanded('{ media { ... on Liked { __typename } } }')).toBe(
      formatted('{ media { ... { ... on Book { __typename } ... on Film { __typename } } } }'),
    );
  });

  it('takes what its inner fragments ask of each type, and nothing that is asked of others', () => {
    expect(
      expanded('{ media { ...L } } fragment L on Liked { ... on Film { minutes } ... on Printed { pages } }').split(
        '\n\n',
      )[0],
    ).toBe(formatted('{ media { ... { ... on Book { pages } ... on Film { minutes } } } }'));
  });

  it('stays as it is elsewhere', () => {
    const source = '{ book { ... on Printed { pages } } media { ... on Media { id } ... on Book { pages } } }';
    expect(expanded(source)).toBe(formatted(source));
  });
});
