import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AskedBefore } from './asked-before.js';

describe('What was asked before', () => {
  it('knows a key from its second time on', () => {
    fc.assert(
      fc.property(fc.string(), (key) => {
        const before = new AskedBefore();
        return !before.ask(key) && before.ask(key) && before.ask(key);
      }),
    );
  });

  it('takes hardly any key for one that was asked', () => {
    const before = new AskedBefore();
    const mistaken = Array.from({ length: 20_000 }, (_, number) => before.ask(`{ name${number}: name }`)).filter(
      Boolean,
    );
    expect(mistaken.length).toBeLessThan(20);
  });

  it('still knows most of what was asked some thousand others ago', () => {
    const before = new AskedBefore();
    const keys = Array.from({ length: 5_000 }, (_, number) => `{ name${number}: name }`);
    for (const key of keys) before.ask(key);
    expect(keys.slice(0, 100).filter((key) => before.ask(key)).length).toBeGreaterThan(70);
  });
});
