import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalLogin } from './canonical-login.js';

describe('A login', () => {
  it.each(['A@X.test', ' a@x.test ', 'a\uff20x.test', '\u00a0a@X.TEST\t'])(
    '%j is one and the same person',
    (spelling) => {
      expect(canonicalLogin(spelling)).toBe('a@x.test');
    },
  );

  it('stays as it is once it is canonical', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(canonicalLogin(canonicalLogin(text))).toBe(canonicalLogin(text));
      }),
    );
  });
});
