import { describe, expect, it } from '@jest/globals';
import { PassThrough } from './pass-through.js';

describe('Passing through', () => {
  const [yes, no, large] = [Buffer.from('yes'), Buffer.from('no'), Buffer.alloc(1024 * 1024)];
  const watched = (canTell = true) => {
    const seen: Buffer[] = [];
    let compiled = 0;
    const recognize = (bytes: Buffer) => (seen.push(bytes), bytes === no ? null : 3);
    const passThrough = new PassThrough(() => (compiled++, canTell ? recognize : null));
    return { seen, passThrough, compiled: () => compiled };
  };
  const asked = (): ReturnType<typeof watched> => {
    const one = watched();
    expect(one.passThrough.of(yes)).toBeNull();
    return one;
  };

  it('begins with the second answer, because one is not worth a recognizer', () => {
    const { seen, passThrough, compiled } = watched();
    expect(passThrough.of(yes)).toBeNull();
    expect([seen.length, compiled()]).toEqual([0, 0]);
    expect(passThrough.of(yes)).toEqual({ bytes: yes, objects: 3 });
    expect(passThrough.of(yes)).toEqual({ bytes: yes, objects: 3 });
    expect(compiled()).toBe(1);
  });

  it('begins with the first one where that is large', () => {
    expect(watched().passThrough.of(large)).toEqual({ bytes: large, objects: 3 });
  });

  it('is given up for a subgraph whose answers never fit, so that nobody looks in vain for ever', () => {
    const { seen, passThrough } = asked();
    for (let time = 0; time < 100; time++) expect(passThrough.of(no)).toBeNull();
    expect(passThrough.of(yes)).toBeNull();
    expect(seen).toHaveLength(20);
  });

  it('is kept up while an answer fits now and then', () => {
    const { passThrough } = asked();
    for (let time = 0; time < 10; time++) {
      for (let miss = 0; miss < 19; miss++) expect(passThrough.of(no)).toBeNull();
      expect(passThrough.of(yes)).toEqual({ bytes: yes, objects: 3 });
    }
  });

  it('is given up at once where answers cannot be told from their bytes', () => {
    const { passThrough, compiled } = watched(false);
    for (let time = 0; time < 10; time++) expect(passThrough.of(large)).toBeNull();
    expect(compiled()).toBe(1);
  });
});
