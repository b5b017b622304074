import { describe, expect, it } from '@jest/globals';
import { oneSentence } from './one-sentence.js';

describe('What a command could not do', () => {
  it('is one line without controls, whatever it quotes', () => {
    expect(
      oneSentence('supergraph.yaml:2: "a\n::add-mask::b\u001b[31m\u202e##[error]c" is wrong.\r\n  Mend it.\n'),
    ).toBe('supergraph.yaml:2: "a ::add-mask::b\ufffd[31m\ufffd##\u200b[error]c" is wrong. Mend it.');
    expect(oneSentence('##vso[task.complete]')).toBe('##\u200bvso[task.complete]');
    expect(oneSentence('a\u0085b\u2028c\u2069\u0000')).toBe('a b c\ufffd\ufffd');
  });
});
