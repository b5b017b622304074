import { mkdtemp, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import type { ConsoleProblem } from './console-problem.js';
import type { ConsoleOptions } from './serve-console.js';

const DESCRIBED = { script: 'main-A1.js', styles: ['main-B2.css'], workers: { editor: 'editor.worker-C3.js' } };

let folder: string;
let problems: readonly ConsoleProblem[] = [];
let bundled = 0;
let gateway: TestGateway;
const page: ConsoleOptions = {
  files: async () => {
    bundled += 1;
    if (bundled === 1) throw new Error('The bundler failed.');
    return folder;
  },
  names: ['stack.example'],
  demoUsers: ['ada@acme.test', '"><script>'],
  problems: () => problems,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'console-'));
  await writeFile(join(folder, 'console.json'), JSON.stringify(DESCRIBED));
  await writeFile(join(folder, 'main-A1.js'), 'export {};');
  await writeFile(join(folder, 'main-B2.css'), 'body {}');
  await writeFile(join(folder, 'codicon-D4.ttf'), 'font');
  await writeFile(join(folder, 'notes.txt'), 'of the bundler');
  gateway = await testGateway({ console: page });
});
afterAll(() => gateway.close());

/** With headers that `fetch` sets by itself. */
const asked = (path: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) =>
    request(gateway.url + path, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end(),
  );

describe('The GraphiQL page', () => {
  it('is bundled when it is first asked for, and again after that has failed', async () => {
    expect((await gateway.get('/graphiql')).status).toBe(500);
    expect((await gateway.get('/graphiql')).status).toBe(200);
    expect((await gateway.get('/graphiql/')).status).toBe(200);
    expect(bundled).toBe(2);
  });

  it('names its files and demo users, and whatever they are called writes nothing into the page', async () => {
    const html = await (await gateway.get('/graphiql')).text();
    expect(html).toContain('<script type="module" src="/graphiql/assets/main-A1.js"></script>');
    expect(html).toContain('<link rel="stylesheet" href="/graphiql/assets/main-B2.css" />');
    expect(html).toContain('data-workers="{&quot;editor&quot;:&quot;/graphiql/assets/editor.worker-C3.js&quot;}"');
    expect(html).toContain('data-demo-users="[&quot;ada@acme.test&quot;,&quot;\\&quot;>&lt;script>&quot;]"');
  });

  it('runs nothing but its own files, talks to its own origin alone, and is framed by nobody', async () => {
    const { headers } = await gateway.get('/graphiql');
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
    });
    expect(headers.get('content-security-policy')!.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "worker-src 'self'",
      "style-src 'self' 'unsafe-inline'",
      "font-src 'self' data:",
      "img-src 'self' data:",
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    ['main-A1.js', 'text/javascript; charset=utf-8', 'export {};'],
    ['main-B2.css', 'text/css; charset=utf-8', 'body {}'],
    ['codicon-D4.ttf', 'font/ttf', 'font'],
  ])('has the file %s, which browsers keep for good', async (name, type, text) => {
    const answer = await gateway.get(`/graphiql/assets/${name}`);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([200, type, text]);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });

  it.each(['/graphiql', '/graphiql/assets/main-A1.js'])('answers 304 to who has %s already', async (path) => {
    const { headers } = await gateway.get(path);
    const again = await gateway.get(path, { headers: { 'if-none-match': headers.get('etag')! } });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it.each(['notes.txt', 'console.json', '..%2f..%2fpackage.json', '%2e%2e%2fconsole.json', 'absent.js'])(
    'has no other file: %s',
    async (name) => {
      const answer = await gateway.get(`/graphiql/assets/${name}`);
      expect([answer.status, await answer.json()]).toEqual([
        404,
        { error: { code: 'NOT_FOUND', message: expect.stringMatching(/^No such /) } },
      ]);
    },
  );

  it('is not there where customers are', async () => {
    const ofCustomers = await testGateway({ deployment: 'customer', console: page });
    for (const path of ['/graphiql', '/graphiql/', '/graphiql/problems', '/graphiql/assets/main-A1.js']) {
      const answer = await ofCustomers.get(path);
      expect([answer.status, await answer.json()]).toEqual([
        404,
        { error: { code: 'NOT_FOUND', message: `No such path here: ${path}.` } },
      ]);
    }
    await ofCustomers.close();
  });
});

describe('The news that the page waits for', () => {
  const newsIn = (response: Response) => response.json() as Promise<{ readonly revision: string }>;
  const news = async (after?: string) =>
    newsIn(await gateway.get(`/graphiql/problems${after === undefined ? '' : `?after=${after}`}`));

  it('come as soon as there are others, and tell what is wrong until it is repaired', async () => {
    problems = [];
    const first = await news();
    expect(first).toEqual({ revision: expect.any(String), supergraph: 'v1', problems: [] });
    const waiting = news(first.revision);
    problems = [{ title: 'The subgraphs do not compose', text: 'schema.graphql:3:5' }];
    const second = await waiting;
    expect(second).toEqual({ ...first, revision: expect.any(String), problems });
    const repaired = news(second.revision);
    problems = [];
    expect(await repaired).toEqual(first);
  });

  it('are for the page itself: a browser on another site is refused, a program is not', async () => {
    expect(await asked('/graphiql/problems', { 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await asked('/graphiql/problems', { 'sec-fetch-site': 'none' })).toBe(200);
    expect(await asked('/graphiql/problems', {})).toBe(200);
    for (const site of ['cross-site', 'same-site'])
      expect(await asked('/graphiql/problems', { 'sec-fetch-site': site })).toBe(403);
  });

  it('are for who reaches the page as it is meant to be: a site whose name leads here reads nothing', async () => {
    for (const host of ['localhost:8080', '127.0.0.1', 'stack.example'])
      expect(await asked('/graphiql/problems', { host, 'sec-fetch-site': 'same-origin' })).toBe(200);
    for (const host of ['evil.test', 'evil.test:8080', 'localhost.evil.test'])
      expect(await asked('/graphiql/problems', { host, 'sec-fetch-site': 'same-origin' })).toBe(403);
  });

  it('are waited for by a hundred pages; one more is asked to come back in a second', async () => {
    const { revision } = await news();
    const path = `/graphiql/problems?after=${revision}`;
    const waiting = Array.from({ length: 101 }, () => gateway.get(path));
    const refused = await Promise.race(waiting);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await refused.json()).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    problems = [{ title: 'It does not compile', text: 'a.ts' }];
    const statuses = (await Promise.all(waiting)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([...Array<number>(100).fill(200), 429]);
    problems = [];
  });

  it('hold up no gateway that is stopped', async () => {
    const stopped = await testGateway({ console: page });
    const { revision } = await newsIn(await stopped.get('/graphiql/problems'));
    const waiting = stopped.get(`/graphiql/problems?after=${revision}`);
    await stopped.get('/live'); // the question before has arrived by now
    await stopped.close();
    expect((await waiting).status).toBe(200);
  });
});
