import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NotFound } from '@inevitable/contract';
import fc from 'fast-check';
import { directoryFileStore } from './directory-file-store.js';
import type { FileStore } from './file-store.js';
import { serveFile } from './serve-file.js';

const TEN = '0123456789';

let root: string;
let store: FileStore;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'files-'));
  store = await directoryFileStore(root);
  await store.put('ten', Buffer.from(TEN));
  await store.put('empty', Buffer.alloc(0));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const asked = (headers: Record<string, string> = {}, method = 'GET') =>
  new Request('http://stack.test/file', { method, headers });

const serve = (request: Request, { key = 'ten', fileName = 'ten.bin' } = {}): Promise<Response> =>
  serveFile(request, store, key, { contentType: 'application/octet-stream', fileName, etag: 'abc' });

const ABOUT = {
  etag: '"abc"',
  'accept-ranges': 'bytes',
  'cache-control': 'private, no-cache',
  'x-content-type-options': 'nosniff',
};
const SHOWN = {
  ...ABOUT,
  'content-type': 'application/octet-stream',
  'content-disposition': 'attachment; filename="ten.bin"',
};

async function whole(response: Response): Promise<{ status: number; headers: object; text: string }> {
  return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
}

const all = { status: 200, headers: { ...SHOWN, 'content-length': '10' }, text: TEN };
const part = (start: number, end: number) => ({
  status: 206,
  headers: {
    ...SHOWN,
    'content-length': String(end + 1 - start),
    'content-range': `bytes ${start}-${end}/10`,
  },
  text: TEN.slice(start, end + 1),
});
const notSatisfiable = { status: 416, headers: { ...ABOUT, 'content-range': 'bytes */10' }, text: '' };
const notModified = { status: 304, headers: ABOUT, text: '' };
const failed = { status: 412, headers: ABOUT, text: '' };

describe('A served file', () => {
  it('is answered whole, and by HEAD with everything but its bytes', async () => {
    expect(await whole(await serve(asked()))).toEqual(all);
    const response = await serve(asked({}, 'HEAD'));
    expect(response.body).toBeNull();
    expect(await whole(response)).toEqual({ ...all, text: '' });
  });

  it('is not found where there is none', async () => {
    await expect(serve(asked(), { key: 'other' })).rejects.toThrow(NotFound);
    await expect(serve(asked({}, 'HEAD'), { key: 'other' })).rejects.toThrow(NotFound);
  });

  it.each([
    ['bytes=0-0', part(0, 0)],
    ['bytes=2-5', part(2, 5)],
    ['bytes=5-', part(5, 9)],
    ['bytes=5-99', part(5, 9)],
    [`bytes=5-${'9'.repeat(400)}`, part(5, 9)],
    ['bytes=-3', part(7, 9)],
    ['bytes=-99', part(0, 9)],
    ['BYTES=2-5', part(2, 5)],
    ['bytes= 2-5 ,', part(2, 5)],
    ['bytes=10-', notSatisfiable],
    [`bytes=${'9'.repeat(400)}-`, notSatisfiable],
    ['bytes=-0', notSatisfiable],
    // Several at once, another unit, and what is no range at all: the whole file.
    ['bytes=0-1,3-4', all],
    ['lines=0-1', all],
    ['bytes=5-2', all],
    ['bytes=a-b', all],
    ['bytes=1-2x', all],
    ['bytes=--1', all],
    ['bytes=-', all],
    ['bytes=', all],
    ['0-1', all],
  ])('is answered to the range %s as RFC 9110 says', async (range, answer) => {
    expect(await whole(await serve(asked({ range })))).toEqual(answer);
    // A range means nothing to HEAD (section 14.2).
    expect((await serve(asked({ range }, 'HEAD'))).status).toBe(200);
  });

  it('gives exactly the bytes of any single range', async () => {
    const range = fc.tuple(fc.nat(199), fc.nat(260)).map(([start, length]) => [start, start + length] as const);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), range, async (bytes, [start, end]) => {
        await store.put('any', bytes);
        const response = await serve(asked({ range: `bytes=${start}-${end}` }), { key: 'any' });
        const slice = Buffer.from(bytes.slice(start, end + 1));
        expect(response.status).toBe(start < bytes.length ? 206 : 416);
        expect(Buffer.from(await response.arrayBuffer())).toEqual(slice);
        if (response.status === 206) expect(response.headers.get('content-length')).toBe(String(slice.length));
      }),
      { numRuns: 60 },
    );
  });

  it.each([undefined, 'bytes=0-', 'bytes=-5', 'bytes=5-'])(
    'is answered whole where it is empty (range %s)',
    async (range) => {
      const response = await serve(asked(range === undefined ? {} : { range }), { key: 'empty' });
      expect(await whole(response)).toEqual({ status: 200, headers: { ...SHOWN, 'content-length': '0' }, text: '' });
    },
  );

  it.each([
    ['if-none-match', '"abc"', notModified],
    ['if-none-match', 'W/"abc"', notModified],
    ['if-none-match', '"x", "a,b" , W/"abc"', notModified],
    ['if-none-match', '*', notModified],
    ['if-none-match', '"x", "abcd"', all],
    ['if-none-match', 'abc', all],
    ['if-match', '"abc"', all],
    ['if-match', '"x", "abc"', all],
    ['if-match', '*', all],
    ['if-match', 'W/"abc"', failed],
    ['if-match', '"x"', failed],
    // It has no date: conditions on one are ignored (sections 13.1.3 and 13.1.4).
    ['if-modified-since', 'Sat, 21 Nov 2099 00:00:00 GMT', all],
    ['if-unmodified-since', 'Sat, 21 Nov 1970 00:00:00 GMT', all],
  ])('answers %s: %s as RFC 9110 says', async (name, value, answer) => {
    expect(await whole(await serve(asked({ [name]: value })))).toEqual(answer);
    expect((await serve(asked({ [name]: value }, 'HEAD'))).status).toBe(answer.status);
  });

  it.each([
    ['"abc"', part(2, 5)],
    ['W/"abc"', all],
    ['"other"', all],
    ['Sat, 21 Nov 2099 00:00:00 GMT', all],
  ])('goes on with a range if it is still %s, and begins anew otherwise', async (tag, answer) => {
    expect(await whole(await serve(asked({ range: 'bytes=2-5', 'if-range': tag })))).toEqual(answer);
  });

  it('judges conditions before ranges', async () => {
    expect((await serve(asked({ range: 'bytes=99-', 'if-none-match': '"abc"' }))).status).toBe(304);
    expect((await serve(asked({ range: 'bytes=2-5', 'if-match': '"x"' }))).status).toBe(412);
  });

  it.each([
    ['site.tar.gz', 'filename="site.tar.gz"'],
    ['a "b".gz', `filename="a _b_.gz"; filename*=UTF-8''a%20%22b%22.gz`],
    ['100%.gz', `filename="100_.gz"; filename*=UTF-8''100%25.gz`],
    ['Zoë.gz', `filename="Zo_.gz"; filename*=UTF-8''Zo%C3%AB.gz`],
    ["it's(1)*ö", `filename="it's(1)*_"; filename*=UTF-8''it%27s%281%29%2A%C3%B6`],
    ['a\r\nset-cookie: x', 'filename="a__set-cookie: x"'],
    ['../../etc/passwd', 'filename=".._.._etc_passwd"'],
    ['C:\\x', 'filename="C:_x"'],
    ['exe\u202egpj.', 'filename="exe_gpj."'],
    ['half \ud800', `filename="half _"; filename*=UTF-8''half%20%EF%BF%BD`],
  ])('is saved as %j safely', async (fileName, parameters) => {
    const { headers } = await serve(asked({}, 'HEAD'), { fileName });
    expect(headers.get('content-disposition')).toBe(`attachment; ${parameters}`);
  });

  it('is read no faster than it is taken, and closed when its reader leaves', async () => {
    await store.put('large', Buffer.alloc(5_000_000));
    let read = 0;
    let cancelled = false;
    const counting: FileStore = {
      ...store,
      async read(key, range) {
        const content = (await store.read(key, range))!;
        const reader = content.body.getReader();
        const body = new ReadableStream<Uint8Array>(
          {
            async pull(controller) {
              const { value } = await reader.read();
              read += value!.length;
              controller.enqueue(value!);
            },
            async cancel() {
              cancelled = true;
              await reader.cancel();
            },
          },
          { highWaterMark: 0 },
        );
        return { ...content, body };
      },
    };
    const { body } = await serveFile(asked(), counting, 'large', { contentType: 'x/y', fileName: 'x', etag: 'abc' });
    const reader = body!.getReader();
    await reader.read();
    await reader.cancel();
    expect(read).toBeLessThan(200_000);
    expect(cancelled).toBe(true);
  });
});
