import { describe, expect, it } from '@jest/globals';
import { PassThrough } from './pass-through.js';

describe('Passing through', () => {
  const [yes, no] = [Buffer.from('yes'), Buffer.from('no')];
  const watched = () => {
    const seen: Buffer[] = [];
    return { seen, passThrough: new PassThrough((bytes) => (seen.push(bytes), bytes === yes ? 3 : null)) };
  };

  it('is given up for a subgraph whose answers never fit, so that nobody looks in vain for ever', () => {
    const { seen, passThrough } = watched();
    for (let time = 0; time < 100; time++) expect(passThrough.of(no)).toBeNull();
    expect(passThrough.of(yes)).toBeNull();
    expect(seen).toHaveLength(20);
  });

  it('is kept up while an answer fits now and then', () => {
    const { passThrough } = watched();
    for (let time = 0; time < 10; time++) {
      for (let miss = 0; miss < 19; miss++) expect(passThrough.of(no)).toBeNull();
      expect(passThrough.of(yes)).toEqual({ bytes: yes, objects: 3 });
    }
  });
});
