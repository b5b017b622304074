import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GraphQLError } from 'graphql';
import { shareRepresentations } from './shared-representations.js';

/** A subgraph that answers each representation by itself: data for an even id, null and an error for an odd one. */
function answer(representations: readonly { id: number }[]) {
  const odd = representations.flatMap(({ id }, index) =>
    id % 2 ? [new GraphQLError(`no ${id}`, { path: ['_entities', index, 'name'] })] : [],
  );
  return {
    data: { _entities: representations.map(({ id }) => (id % 2 ? null : { name: `entity ${id}` })) },
    ...(odd.length && { errors: odd }),
  };
}
const plain = ({ data, errors }: ReturnType<typeof answer> | { data?: unknown; errors?: readonly GraphQLError[] }) => ({
  data,
  errors: errors
    ?.map(({ message, path }) => ({ message, path }))
    .sort((a, b) => Number(a.path![1]) - Number(b.path![1])),
});

describe('Shared representations', () => {
  it('give every place the answer it would have had alone, errors and their paths included', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { maxLength: 30 }), (ids) => {
        const representations = ids.map((id) => ({ __typename: 'Thing', id }));
        const shared = shareRepresentations({ representations, first: 5 });
        if (!shared) return expect(new Set(ids).size).toBe(ids.length);
        const asked = shared.variables['representations'] as { id: number }[];
        expect(asked.map(({ id }) => id)).toEqual([...new Set(ids)]);
        expect(shared.variables['first']).toBe(5);
        expect(plain(shared.expand(answer(asked)))).toEqual(plain(answer(representations)));
      }),
    );
  });

  it('leave an answer without entities as it is', () => {
    const shared = shareRepresentations({ representations: [{ id: 1 }, { id: 1 }] })!;
    expect(shared.expand({ data: null, errors: [new GraphQLError('all of it')] })).toMatchObject({
      data: null,
      errors: [{ message: 'all of it' }],
    });
    expect(shared.expand({})).toEqual({});
  });

  it('are not needed by a fetch of a root field', () => {
    expect(shareRepresentations({ id: 'x' })).toBeNull();
    expect(shareRepresentations({ representations: 'x' })).toBeNull();
  });
});
