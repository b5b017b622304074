import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { wordsIn } from './words-in.js';

describe('The word count of a note', () => {
  it.each([
    ['', 0],
    [' \n\t ', 0],
    ['hello', 1],
    ["it's one-two, three!", 4],
    ['— … ?!', 0],
    ['naïve café', 2],
    ['привет, мир', 2],
  ])('of %j is %i', (text, count) => {
    expect(wordsIn(text)).toBe(count);
  });

  it('grows by the number of words joined on with spaces', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/)), (list) => {
        expect(wordsIn(list.join(' '))).toBe(list.length);
      }),
    );
  });
});
