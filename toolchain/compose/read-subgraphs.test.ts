import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { quotedText } from './quoted-text.js';
import { readSubgraphs, readSupergraphConfig, schemaFiles } from './read-subgraphs.js';
import { SupergraphUnreadable } from './supergraph-unreadable.js';

const LIMITS = { timeoutMs: 60_000, maxBytes: 100_000 };
/** For those that would not answer in any time. */
const IMPATIENT = { ...LIMITS, timeoutMs: 200 };
const UNQUOTED = 'is not valid GraphQL; it is not quoted, because it is outside of the repository of supergraph.yaml.';
const SDL = 'type Query { one: Int }';

const run = promisify(execFile);

let folder: string;
let server: Server;
let url: string;
let asked: { method: string; type: string; body: string } | null = null;
/** What the subgraph does with a request at its path. */
const ways: Record<string, RequestListener> = {
  '/good': (_request, response) => response.end(JSON.stringify({ data: { _service: { sdl: SDL } } })),
  '/refusing': (_request, response) =>
    response.writeHead(400).end(JSON.stringify({ errors: [{ message: 'Introspection is\nnot allowed.' }] })),
  '/page': (_request, response) => response.end('<!doctype html>'),
  '/null': (_request, response) => response.end('null'),
  '/number': (_request, response) => response.end('{"data":{"_service":{"sdl":5}}}'),
  '/large': (_request, response) => response.end(`{"data":"${'x'.repeat(20_000_000)}`),
  '/endless': (_request, response) => {
    const more = (): void => void (response.write('x'.repeat(10_000)) && setImmediate(more));
    response.on('drain', more);
    more();
  },
  '/moved': (_request, response) => response.writeHead(307, { location: '/good' }).end(),
  '/hanging': () => undefined,
  '/stopping': (_request, response) => response.write('{"data":'),
  '/broken': (request) => request.socket.destroy(),
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'subgraphs-'));
  await mkdir(join(folder, 'schemas'));
  await writeFile(join(folder, 'schemas/a.graphql'), SDL);
  await run('mkfifo', [join(folder, 'schemas/pipe')]);
  await symlink('/etc/passwd', join(folder, 'schemas/link.graphql'));
  await writeFile(join(folder, 'schemas/large.graphql'), `${SDL}\n${'#'.repeat(LIMITS.maxBytes)}`);
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      asked = { method: request.method!, type: request.headers['content-type']!, body };
      ways[request.url!]!(request, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

/** Reads what a supergraph.yaml of this text names. The schema of `a` is in line 5, that of `b` in line 9. */
async function read(schemas: readonly string[], limits = LIMITS) {
  const path = join(folder, 'supergraph.yaml');
  const subgraphs = schemas.map(
    (schema, index) => `  ${'ab'[index]}:\n    routing_url: http://x.test/graphql\n    schema:\n      ${schema}\n`,
  );
  await writeFile(path, `subgraphs:\n${subgraphs.join('')}`);
  return readSubgraphs(path, await readSupergraphConfig(path), limits);
}

const refusal = async (schemas: readonly string[], limits = LIMITS) => {
  const error = await read(schemas, limits).catch((thrown: Error) => thrown);
  expect(error).toBeInstanceOf(SupergraphUnreadable);
  return (error as Error).message.replaceAll(folder, '').replaceAll(url, 'http://subgraph');
};

describe("supergraph.yaml's schemas", () => {
  it('are read from files beside it and asked for where they are served', async () => {
    expect(await read(['file: schemas/a.graphql', `subgraph_url: ${url}/good`])).toEqual([
      {
        name: 'a',
        routingUrl: 'http://x.test/graphql',
        file: join(folder, 'schemas/a.graphql'),
        sdl: SDL,
        served: false,
      },
      { name: 'b', routingUrl: 'http://x.test/graphql', file: `${url}/good`, sdl: SDL, served: true },
    ]);
    expect(asked).toEqual({ method: 'POST', type: 'application/json', body: '{"query":"{ _service { sdl } }"}' });
    const path = join(folder, 'supergraph.yaml');
    expect(schemaFiles(path, await readSupergraphConfig(path))).toEqual([join(folder, 'schemas/a.graphql')]);
  });

  it('are never to be quoted where their files are outside of the repository, links followed', async () => {
    const other = await mkdtemp(join(tmpdir(), 'elsewhere-'));
    await writeFile(join(other, 'b.graphql'), SDL);
    await symlink(join(other, 'b.graphql'), join(folder, 'schemas/b.graphql'));
    const outside = async (...schemas: string[]) => (await read(schemas)).map((one) => one.outside ?? false);

    expect(await outside('file: schemas/a.graphql', `file: ${join(other, 'b.graphql')}`)).toEqual([false, true]);
    expect(await outside('file: schemas/b.graphql', `file: ${relative(folder, other)}/b.graphql`)).toEqual([
      true,
      true,
    ]);
    const [quoted, kept] = await read(['file: schemas/a.graphql', 'file: schemas/b.graphql']);
    expect(await quotedText([quoted!, kept!])(quoted!.file)).toBe(SDL);
    await expect(quotedText([quoted!, kept!])(kept!.file)).rejects.toThrow('is not quoted.');
    await rm(other, { recursive: true });
  });

  it.each([
    ['file: nowhere.graphql', '/nowhere.graphql cannot be read (ENOENT).'],
    ['file: schemas', '/schemas cannot be read (EISDIR).'],
    ['file: schemas/a.graphql/b', '/schemas/a.graphql/b cannot be read (ENOTDIR).'],
    ['file: schemas/large.graphql', '/schemas/large.graphql has more than 100 kB, the most a schema may have.'],
    ['file: /dev/zero', '/dev/zero is no regular file.'],
    ['file: schemas/pipe', '/schemas/pipe is no regular file.'],
    ['file: schemas/link.graphql', `/schemas/link.graphql ${UNQUOTED}`],
    ['file: /proc/self/environ', `/proc/self/environ ${UNQUOTED}`],
  ])('that cannot be read are refused in a sentence with the line that names them: %s', async (schema, sentence) => {
    expect(await refusal(['file: schemas/a.graphql', schema])).toBe(`/supergraph.yaml:9: ${sentence}`);
  });

  it.each([
    [
      'refusing',
      'answered { _service { sdl } } without an SDL (HTTP 400): Introspection is not allowed; give schema.file where a subgraph does not tell its schema.',
    ],
    [
      'page',
      'answered { _service { sdl } } without an SDL: what it answered is not JSON; give schema.file where a subgraph does not tell its schema.',
    ],
    [
      'null',
      'answered { _service { sdl } } without an SDL; give schema.file where a subgraph does not tell its schema.',
    ],
    [
      'number',
      'answered { _service { sdl } } without an SDL; give schema.file where a subgraph does not tell its schema.',
    ],
    ['large', 'answered with more than 100 kB.'],
    ['endless', 'answered with more than 100 kB.'],
    ['hanging', 'did not answer within 0.2 s.'],
    ['stopping', 'did not answer within 0.2 s.'],
    ['broken', 'did not answer (UND_ERR_SOCKET).'],
    ['moved', 'answered with a redirect (HTTP 307), which is not followed: name the URL it leads to.'],
  ])(
    'that a subgraph does not tell are refused in a sentence with the line of its URL: one that is %s',
    async (way, sentence) => {
      const limits = sentence.includes('within') ? IMPATIENT : LIMITS;
      expect(await refusal([`subgraph_url: ${url}/${way}`], limits)).toBe(
        `/supergraph.yaml:5: http://subgraph/${way} ${sentence}`,
      );
    },
  );

  it('that nobody serves are refused in the same way', async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => void gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    expect(await refusal([`subgraph_url: http://127.0.0.1:${port}/graphql`])).toBe(
      `/supergraph.yaml:5: http://127.0.0.1:${port}/graphql did not answer (ECONNREFUSED).`,
    );
  });

  it('are unknown without supergraph.yaml, and where it is larger than any', async () => {
    const path = join(folder, 'no-such.yaml');
    await expect(readSupergraphConfig(path)).rejects.toThrow(`${path} cannot be read (ENOENT).`);
    await writeFile(path, '#'.repeat(11 * 1_024 * 1_024));
    await expect(readSupergraphConfig(path)).rejects.toThrow(
      `${path} has more than 10 MB, the most a schema may have.`,
    );
  });
});
