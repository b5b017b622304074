import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FILE_PLACES, keysOf, type FilePlace } from '../testing/file-places.js';

describe.each(FILE_PLACES)('A file store in %s', (_place, openPlace) => {
  let place: FilePlace;
  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.close());

  it('lists a thousand at once, in the order of their bytes, and then the rest', async () => {
    const store = await place.open();
    const keys = Array.from({ length: 1_005 }, (_, at) => `page/${String(at).padStart(4, '0')}/x`);
    for (let at = 0; at < keys.length; at += 50)
      await Promise.all(keys.slice(at, at + 50).map((one) => store.put(one, Buffer.from(one))));
    await store.put('other/x', Buffer.from('x'));

    const first = await keysOf(store, 'page/');
    const second = await keysOf(store, 'page/', first.at(-1)!);
    expect(first).toEqual(keys.slice(0, 1_000));
    expect(second).toEqual(keys.slice(1_000));
    expect(await keysOf(store, 'page/', second.at(-1)!)).toEqual([]);
  });
});
