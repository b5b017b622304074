import { describe, expect, it } from '@jest/globals';
import { sealWith } from './seal.js';

describe('A sealed text', () => {
  it('opens with its secret and its name', () => {
    expect(sealWith('secret').open('key-1', sealWith('secret').close('key-1', 'private'))).toBe('private');
  });

  it('opens with nothing else', () => {
    const sealed = sealWith('secret').close('key-1', 'private');
    const changed = Buffer.from(sealed);
    changed[changed.length - 1]! ^= 1;
    expect(() => sealWith('other').open('key-1', sealed)).toThrow();
    expect(() => sealWith('secret').open('key-2', sealed)).toThrow();
    expect(() => sealWith('secret').open('key-1', changed)).toThrow();
  });

  it('never looks the same twice', () => {
    const seal = sealWith('secret');
    expect(seal.close('key-1', 'private').equals(seal.close('key-1', 'private'))).toBe(false);
  });
});
