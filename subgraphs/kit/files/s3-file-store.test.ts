import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { FilesUnavailable, type FileStore } from './file-store.js';
import { s3FileStore, type S3Place } from './s3-file-store.js';
// @ts-expect-error -- plain JavaScript
import { BUCKET, CREDENTIALS, startS3Server } from './start-s3-server.js';

const SECRET = 'a-secret-nobody-may-read';
/** Nobody listens on a port that is reserved (RFC 6335, section 6). */
const NOWHERE = 'http://127.0.0.1:1';

let s3: Awaited<ReturnType<typeof startS3Server>>;
beforeAll(async () => {
  s3 = await startS3Server();
});
afterAll(() => s3.close());

const opened: FileStore[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function openStore(place: Partial<S3Place> = {}): FileStore {
  const store = s3FileStore({
    endpoint: s3.endpoint,
    bucket: BUCKET,
    region: 'eu-central-1',
    ...CREDENTIALS,
    ...place,
  });
  opened.push(store);
  return store;
}

/** Something that listens where S3 should. */
async function listenInstead(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const attempts: Record<string, (store: FileStore) => Promise<unknown>> = {
  put: (store) => store.put('a/b', Buffer.from('x')),
  stat: (store) => store.stat('a/b'),
  read: (store) => store.read('a/b'),
  delete: (store) => store.delete('a/b'),
  list: (store) => store.list('a/', null),
};

/** What each attempt is refused with; a test that expects words expects them of all. */
async function refusals(store: FileStore): Promise<Record<string, string>> {
  const told: Record<string, string> = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    const error = await attempt(store).catch((thrown: unknown) => thrown);
    if (!(error instanceof FilesUnavailable)) throw new Error(`${name}: ${inspect(error)}`);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(SECRET);
    told[name] = `${error.why}: ${error.message}`;
  }
  return told;
}

const everywhere = (words: string) =>
  Object.fromEntries(Object.keys(attempts).map((name) => [name, expect.stringContaining(words)]));

describe('A bucket of files', () => {
  it('is opened without a word to its server, and says in words that nobody listens', async () => {
    const place = `(bucket "files" at 127.0.0.1:1): nobody listens there. Start the server, or correct the endpoint.`;
    const store = openStore({ endpoint: NOWHERE, secretAccessKey: SECRET });
    expect(await refusals(store)).toEqual({
      put: `unreachable: "a/b" was not stored ${place}`,
      stat: `unreachable: "a/b" cannot be looked at ${place}`,
      read: `unreachable: "a/b" cannot be read ${place}`,
      delete: `unreachable: "a/b" was not deleted ${place}`,
      list: `unreachable: The files "a/…" cannot be listed ${place}`,
    });
    expect(await store.health()).toEqual({ name: 'file store', ready: false, reason: `It cannot be used ${place}` });
  });

  it('says that its bucket does not exist, also where the answer has no body', async () => {
    const store = openStore({ bucket: 'another' });
    const words = '(bucket "another" at 127.0.0.1:';
    expect(await refusals(store)).toEqual(everywhere(words));
    expect(await refusals(store)).toEqual(everywhere('there is no such bucket. Create it, or correct its name.'));
    expect((await store.health()).reason).toContain('there is no such bucket.');
  });

  it('says that its secret is wrong, and never which one it was given', async () => {
    const store = openStore({ secretAccessKey: SECRET });
    expect(await refusals(store)).toEqual({
      ...everywhere('the secret does not belong to the access key. Correct it.'),
      stat: expect.stringContaining('the access key, its secret or its rights do not suffice. Check all three.'),
    });
    expect(await refusals(store)).toEqual(everywhere('refused: '));
    expect((await store.health()).reason).toContain('Check all three.');
  });

  it('says that its access key is not known', async () => {
    const store = openStore({ accessKeyId: 'NOBODY' });
    await expect(store.list('', null)).rejects.toMatchObject({
      why: 'refused',
      message: expect.stringContaining('the server does not know the access key. Correct it.'),
    });
  });

  it('says that the server fails', async () => {
    const endpoint = await listenInstead((_request, response) => response.writeHead(500).end('oh'));
    const store = openStore({ endpoint, secretAccessKey: SECRET });
    expect(await refusals(store)).toEqual(everywhere('it answered with status 500. Look at the server.'));
    expect((await store.health()).reason).toContain('it answered with status 500.');
  });

  it.each([
    ['full', 'XMinioStorageFull', 507, 'full: '],
    ['over its quota', 'QuotaExceeded', 403, 'full: '],
    ['closed to the key', 'AccessDenied', 403, 'refused: '],
  ])('says that the server is %s', async (_what, code, status, words) => {
    const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`;
    const endpoint = await listenInstead((_request, response) =>
      response.writeHead(status, { 'content-type': 'application/xml' }).end(body),
    );
    const error = await openStore({ endpoint })
      .put('a', Buffer.from('x'))
      .catch((thrown: FilesUnavailable) => thrown);
    expect(`${(error as FilesUnavailable).why}: `).toBe(words);
  });

  it.each([
    ['a web page', '<html><body>Welcome</body></html>', 'text/html'],
    ['nothing', '', 'text/plain'],
    ['bytes', '\u0000\u0001<<<', 'application/octet-stream'],
  ])('takes %s for no answer of S3', async (_what, body, type) => {
    const endpoint = await listenInstead((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    expect(await refusals(openStore({ endpoint }))).toEqual(
      everywhere('what answers there does not speak S3. Correct the endpoint.'),
    );
  });

  it('gives up on a server that does not answer', async () => {
    const endpoint = await listenInstead(() => undefined);
    const store = openStore({ endpoint, answerWithinMs: 200 });
    expect(await refusals(store)).toEqual(everywhere('it did not answer in time.'));
  });

  it('gives an upload the more time the larger it is', async () => {
    const endpoint = await listenInstead((request, response) => {
      request.resume().once('end', () => setTimeout(() => response.writeHead(200, { etag: '"x"' }).end(), 700));
    });
    const store = openStore({ endpoint, answerWithinMs: 1_000 });
    await store.put('large', Buffer.alloc(3_000_000));
    await expect(store.put('small', Buffer.from('x'))).rejects.toMatchObject({
      why: 'unreachable',
      message: expect.stringContaining('it did not answer in time.'),
    });
  });

  it.each([
    ['stalls', () => undefined],
    ['breaks off', (end: () => void) => end()],
  ])('says that a file cannot be read to its end when the server %s', async (_what, then) => {
    const endpoint = await listenInstead((_request, response) => {
      response.writeHead(200, { 'content-length': 1_000_000, 'last-modified': new Date().toUTCString() });
      response.write(Buffer.alloc(1_000), () => then(() => response.destroy()));
    });
    const content = await openStore({ endpoint, answerWithinMs: 300 }).read('a');
    await expect(new Response(content!.body).arrayBuffer()).rejects.toMatchObject({
      why: 'unreachable',
      message: expect.stringContaining('"a" cannot be read to its end (bucket "files" at 127.0.0.1:'),
    });
  });

  it('lets a reader pause for longer than it lets the server', async () => {
    const endpoint = await listenInstead((_request, response) => {
      response.writeHead(200, { 'content-length': 5_000_000, 'last-modified': new Date().toUTCString() });
      response.end(Buffer.alloc(5_000_000));
    });
    const reader = (await openStore({ endpoint, answerWithinMs: 200 }).read('a'))!.body.getReader();
    let length = (await reader.read()).value!.length;
    // Another store's patience runs out twice meanwhile.
    const hung = await listenInstead(() => undefined);
    for (const answerWithinMs of [250, 250])
      await expect(openStore({ endpoint: hung, answerWithinMs }).stat('a')).rejects.toThrow('in time');
    for (let next = await reader.read(); !next.done; next = await reader.read()) length += next.value.length;
    expect(length).toBe(5_000_000);
  });

  it('stores, looks and is healthy however many readers pause', async () => {
    const endpoint = await listenInstead((request, response) => {
      request.resume();
      response.writeHead(200, { etag: '"x"', 'content-length': 1_000_000, 'last-modified': new Date().toUTCString() });
      if (request.method === 'GET') return response.write(Buffer.alloc(1_000));
      return response.end(request.method === 'HEAD' ? undefined : Buffer.alloc(1_000_000));
    });
    const store = openStore({ endpoint });
    await Promise.all(Array.from({ length: 256 }, (_, at) => store.read(`paused/${at}`)));
    await store.put('a', Buffer.from('x'));
    expect(await store.stat('a')).toMatchObject({ sizeBytes: 1_000_000 });
    expect(await store.health()).toMatchObject({ ready: true });
  });

  it('ends a list whose server begins it anew each time', async () => {
    const page = `<?xml version="1.0"?><ListBucketResult><Name>${BUCKET}</Name><IsTruncated>true</IsTruncated><Contents><Key>NO KEY</Key><Size>1</Size><LastModified>2026-11-21T00:00:00.000Z</LastModified></Contents></ListBucketResult>`;
    const endpoint = await listenInstead((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/xml' }).end(page),
    );
    await expect(openStore({ endpoint }).list('', null)).rejects.toThrow('does not speak S3');
  });

  it('is a folder of the bucket: what is beside it, and what is no key, is not there', async () => {
    const [whole, ours, theirs] = [openStore(), openStore({ prefix: '/ours/' }), openStore({ prefix: 'ours-too' })];
    await ours.put('a/b', Buffer.from('ours'));
    await theirs.put('a/b', Buffer.from('theirs'));
    const { S3 } = await import('@aws-sdk/client-s3');
    const client = new S3({ endpoint: s3.endpoint, region: 'x', credentials: CREDENTIALS, forcePathStyle: true });
    await client.putObject({ Bucket: BUCKET, Key: 'ours/NO KEY', Body: 'x' });
    client.destroy();

    expect((await whole.list('', null)).map(({ key }) => key)).toEqual(['ours-too/a/b', 'ours/a/b']);
    expect((await ours.list('', null)).map(({ key }) => key)).toEqual(['a/b']);
    expect(await new Response((await ours.read('a/b'))!.body).text()).toBe('ours');
  });
});
