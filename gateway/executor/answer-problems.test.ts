import { describe, expect, it } from '@jest/globals';
import { AnswerProblems } from './answer-problems.js';

const pathsOf = ({ found }: AnswerProblems) => found.map(({ path }) => path!.join('.'));

describe('Problems of an answer', () => {
  it('say what is wrong, and where', () => {
    const problems = new AnswerProblems([]);
    problems.enter('books');
    problems.enter(3);
    expect(problems.fail('Book.id', undefined, 'id')).toBeNull();
    expect(problems.fail('Book.pages', 'many', 'pages')).toBeNull();
    expect(problems.unfit('Book')).toBeNull();
    expect(problems.deny('price')).toBeNull();
    problems.leave();
    problems.leave();
    problems.fail('Query.a', null, 'a');
    const extensions = { code: 'INTERNAL' };
    expect(problems.found).toEqual([
      { message: 'Cannot return null for non-nullable field Book.id.', path: ['books', 3, 'id'], extensions },
      { message: 'A value does not fit the type of field Book.pages.', path: ['books', 3, 'pages'], extensions },
      { message: 'A value is no Book.', path: ['books', 3], extensions },
      {
        message: 'You may not see this.',
        path: ['books', 3, 'price'],
        extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
      },
      { message: 'Cannot return null for non-nullable field Query.a.', path: ['a'], extensions },
    ]);
  });

  it.each([
    ['at it', 'a.0.b', false],
    ['above it', 'a.0', false],
    ['far above it', 'a', false],
    ['below it', 'a.0.b.c.1', false],
    ['beside it', 'a.1.b', true],
    ['at another field', 'a.0.c', true],
    ['elsewhere', 'b', true],
  ])('are not said again where a failure explains them: %s', (_where, path, said) => {
    const problems = new AnswerProblems([
      ['a', 0, 'b'],
      ['x', 'y'],
    ]);
    const keys = path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key));
    const last = keys.pop()!;
    keys.forEach((key) => problems.enter(key));
    problems.fail('T.f', null, last);
    expect(pathsOf(problems)).toEqual(said ? [path] : []);
  });

  it('are told and explained where what is written stands in the answer, one part of it after another', () => {
    const problems = new AnswerProblems([['a', 0]]);
    for (const place of [0, 1]) {
      problems.startAt(['a', place]);
      problems.enter('b');
      problems.fail('T.f', null, 'f');
      problems.leave();
    }
    expect(pathsOf(problems)).toEqual(['a.1.b.f']);
  });

  it('are all explained by a failure of the whole', () => {
    const problems = new AnswerProblems([[]]);
    problems.fail('Query.a', null, 'a');
    expect(problems.found).toEqual([]);
  });

  it('are said a hundred times at most', () => {
    const problems = new AnswerProblems([]);
    for (let index = 0; index < 1_000; index++) {
      problems.fail('T.f', null, index);
      problems.deny(index);
    }
    expect(problems.found).toHaveLength(100);
  });
});
