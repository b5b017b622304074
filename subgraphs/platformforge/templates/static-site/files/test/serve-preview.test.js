import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { servePreview } from '../src/serve-preview.js';

let root;
let server;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'preview-'));
  await mkdir(join(root, 'dist', 'about'), { recursive: true });
  await mkdir(join(root, 'dist', 'assets'));
  await writeFile(join(root, 'secret.txt'), 'secret');
  await writeFile(join(root, 'dist', 'index.html'), 'start');
  await writeFile(join(root, 'dist', '404.html'), 'not here');
  await writeFile(join(root, 'dist', 'about', 'index.html'), 'about');
  await writeFile(join(root, 'dist', 'assets', 'style.0123456789.css'), 'body {}');
  server = servePreview({ folder: join(root, 'dist'), basePath: '/docs/' }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await rm(root, { recursive: true });
});

/** The path goes out as it is written: fetch would tidy it up. */
async function ask(path, method = 'GET') {
  const asked = request({ port: server.address().port, host: '127.0.0.1', path, method }).end();
  const [response] = await once(asked, 'response');
  const text = (await response.toArray()).join('');
  return { status: response.statusCode, headers: response.headers, text };
}

describe('The preview', () => {
  it('shows pages below the base path', async () => {
    assert.equal((await ask('/docs/')).text, 'start');
    assert.equal((await ask('/docs/about/?x=1')).text, 'about');
    assert.equal((await ask('/docs/about')).headers.location, '/docs/about/');
  });

  it('leads to no other host, however the page is asked for', async () => {
    const { status, headers } = await ask('//elsewhere.example/docs/about');
    assert.deepEqual({ status, location: headers.location }, { status: 308, location: '/docs/about/' });
  });

  it('lets browsers keep what is named by its content, and nothing else', async () => {
    assert.match((await ask('/docs/assets/style.0123456789.css')).headers['cache-control'], /immutable/);
    assert.equal((await ask('/docs/')).headers['cache-control'], 'no-cache');
  });

  it('answers HEAD without a body', async () => {
    const { status, headers, text } = await ask('/docs/', 'HEAD');
    assert.deepEqual({ status, length: headers['content-length'], text }, { status: 200, length: '5', text: '' });
  });

  for (const path of [
    '/',
    '/docs/none',
    '/docs/../secret.txt',
    '/docs/%2e%2e/secret.txt',
    '/docs/..%5csecret.txt',
    '/docs/%00',
    '/docs/%',
    '/docs/assets/',
  ]) {
    it(`shows the page for what is not there at ${path}`, async () => {
      const { status, text } = await ask(path);
      assert.deepEqual({ status, text }, { status: 404, text: 'not here' });
    });
  }

  it('refuses everything but GET and HEAD', async () => {
    assert.equal((await ask('/docs/', 'POST')).status, 405);
  });
});
