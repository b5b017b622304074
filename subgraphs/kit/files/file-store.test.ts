import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BadFileKey, type FileContent } from './file-store.js';
import { FILE_PLACES, keysOf, type FilePlace } from '../testing/file-places.js';

const bytesOf = async (content: FileContent | null): Promise<Buffer | null> =>
  content && Buffer.from(await new Response(content.body).arrayBuffer());

/** Names that sort in another way as folders than as files: `-` and `.` come before `/`, `0` after it. */
const folder = fc.constantFrom('a', 'a-b', 'a.b', 'a0', 'ab');
const leaf = fc.constantFrom('f', 'f-x', 'f.x', 'f0');
const key = fc.tuple(fc.array(folder, { maxLength: 2 }), leaf).map(([folders, name]) => [...folders, name].join('/'));
const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ put: key, bytes: fc.uint8Array({ maxLength: 300 }) }) },
  { weight: 1, arbitrary: fc.record({ delete: key }) },
);

describe.each(FILE_PLACES)('A file store in %s', (_place, openPlace) => {
  let place: FilePlace;
  beforeAll(async () => {
    place = await openPlace();
  });
  afterAll(() => place.close());

  it('gives back the bytes it was given, and says how many', async () => {
    const store = await place.open();
    const files = {
      empty: Buffer.alloc(0),
      'of/a-tenant/site.tar.gz': Buffer.from(Array.from({ length: 300_000 }, (_, at) => at)),
    };
    for (const [name, bytes] of Object.entries(files)) {
      await store.put(name, bytes);
      const content = await store.read(name);
      expect(content!.file).toMatchObject({ key: name, sizeBytes: bytes.length });
      expect((await bytesOf(content))!.equals(bytes)).toBe(true);
      expect(await store.stat(name)).toEqual(content!.file);
      expect(Math.abs(Date.now() - content!.file.modifiedAt.getTime())).toBeLessThan(60_000);
    }
  });

  it('has nothing where nothing was stored, and deletes it all the same', async () => {
    const store = await place.open();
    await store.put('folder/file', Buffer.from('x'));
    for (const name of ['other', 'folder', 'folder/other', 'folder/file/below']) {
      expect(await store.stat(name)).toBeNull();
      expect(await store.read(name)).toBeNull();
      expect(await store.delete(name)).toBeUndefined();
    }
    expect(await keysOf(store)).toEqual(['folder/file']);
  });

  it('is the map of its keys: whatever is put, replaced, deleted, listed, and read in parts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { maxLength: 12 }),
        fc.nat(),
        fc.option(key, { nil: null }),
        async (commands, at, after) => {
          const store = await place.open();
          const model = new Map<string, Uint8Array>();
          for (const step of commands) {
            if ('put' in step) {
              await store.put(step.put, step.bytes);
              model.set(step.put, step.bytes);
            } else {
              await store.delete(step.delete);
              model.delete(step.delete);
            }
          }
          const keys = [...model.keys()].sort();
          const some = keys[at % Math.max(1, keys.length)] ?? 'a-b/f';
          for (const prefix of ['', some.slice(0, at % (some.length + 1)), some]) {
            const expected = keys.filter((one) => one.startsWith(prefix) && (after === null || one > after));
            const listed = await store.list(prefix, after);
            expect(listed.map((file) => [file.key, file.sizeBytes])).toEqual(
              expected.map((one) => [one, model.get(one)!.length]),
            );
          }
          for (const [name, bytes] of model) {
            expect(await bytesOf(await store.read(name))).toEqual(Buffer.from(bytes));
            if (bytes.length < 2) continue;
            // Never 0 to 0, which the test's server takes for the whole file.
            const start = at % (bytes.length - 1);
            const end = start + 1 + (at % (bytes.length - start - 1));
            const part = await store.read(name, { start, end });
            expect(part!.file.sizeBytes).toBe(bytes.length);
            expect(await bytesOf(part)).toEqual(Buffer.from(bytes.slice(start, end + 1)));
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('refuses a range that does not lie within the file', async () => {
    const store = await place.open();
    await store.put('ten', Buffer.alloc(10));
    for (const range of [
      { start: 5, end: 10 },
      { start: 10, end: 10 },
      { start: 20, end: 30 },
    ])
      await expect(store.read('ten', range)).rejects.toThrow(RangeError);
  });

  it('holds one whole file where fifty were put under one key at once', async () => {
    const store = await place.open();
    const bytes = Array.from({ length: 50 }, (_, at) => Buffer.alloc(200_000 + at, at));
    await Promise.all(bytes.map((one) => store.put('same', one)));
    const held = await bytesOf(await store.read('same'));
    expect(bytes.some((one) => one.equals(held!))).toBe(true);
    expect(await keysOf(store)).toEqual(['same']);
  });

  it('reads a file to its end that is deleted meanwhile', async () => {
    const store = await place.open();
    const bytes = Buffer.alloc(1_000_000, 7);
    await store.put('leaving', bytes);
    const reader = (await store.read('leaving'))!.body.getReader();
    const chunks = [(await reader.read()).value!];
    await store.delete('leaving');
    for (let next = await reader.read(); !next.done; next = await reader.read()) chunks.push(next.value);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(await store.read('leaving')).toBeNull();
  });

  it('goes on answering after hundreds of reads that were cancelled, before their first byte or after it', async () => {
    const store = await place.open();
    const bytes = Buffer.alloc(300_000, 7);
    await store.put('large', bytes);
    const readAndCancel = async (_: unknown, at: number) => {
      const reader = (await store.read('large'))!.body.getReader();
      if (at % 2) await reader.read();
      await reader.cancel();
    };
    for (let count = 0; count < 300; count += 50) await Promise.all(Array.from({ length: 50 }, readAndCancel));
    expect((await bytesOf(await store.read('large')))!.equals(bytes)).toBe(true);
  });

  it.each([
    '',
    '/',
    '/etc/passwd',
    '..',
    '../x',
    'a/../../x',
    'a/..',
    './a',
    'a//b',
    'a/',
    '/a',
    'a\\b',
    '%2e%2e/x',
    'a\u0000b',
    'a\nb',
    'A',
    'tenant/File',
    'ä',
    '.drafts/x',
    '-a',
    'a.',
    'c:x',
    'a b',
    'a'.repeat(201),
    `a${'/a'.repeat(256)}`,
  ])('takes %j for no key, and touches nothing', async (bad) => {
    const store = await place.open();
    await store.put('kept', Buffer.from('x'));
    for (const attempt of [
      () => store.put(bad, Buffer.from('y')),
      () => store.stat(bad),
      () => store.read(bad),
      () => store.delete(bad),
      () => store.list('', bad),
    ])
      await expect(attempt()).rejects.toThrow(BadFileKey);
    expect(await keysOf(store)).toEqual(['kept']);
  });

  it.each(['/', '../', 'a/../', 'a//', './', '.', 'A', 'a\\', '%2e', 'a\u0000', 'a/./b', '.drafts/'])(
    'lists nothing below %j',
    async (bad) => {
      const store = await place.open();
      await expect(store.list(bad, null)).rejects.toThrow(BadFileKey);
    },
  );

  it('is ready', async () => {
    expect(await (await place.open()).health()).toEqual({ name: 'file store', ready: true, reason: null });
  });
});
