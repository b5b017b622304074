import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BadPage, buildSite } from '../src/build-site.js';

const OWN = fileURLToPath(new URL('..', import.meta.url));
const site = { title: 'Tom & "Jerry" <3', language: 'en', basePath: '/docs/' };

let root;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'site-'));
  for (const folder of ['pages', 'partials', 'assets'])
    await cp(join(OWN, folder), join(root, folder), { recursive: true });
});
afterEach(() => rm(root, { recursive: true }));

const built = (file) => readFile(join(root, 'dist', file), 'utf8');
const page = (name, text) => writeFile(join(root, 'pages', name), text);

describe('The built site', () => {
  it('has a folder for each page, and a page for what is not there', async () => {
    const written = await buildSite({ root, site });
    assert.deepEqual(
      written.filter((file) => file.endsWith('.html')),
      ['404.html', 'about/index.html', 'index.html'],
    );
  });

  it('calls its assets by their content, and by another name when that changes', async () => {
    const nameOfStyle = async () => /\/docs\/assets\/(style\.[0-9a-f]{10}\.css)/.exec(await built('index.html'))[1];
    await buildSite({ root, site });
    const before = await nameOfStyle();
    assert.equal(await built(`assets/${before}`), await readFile(join(root, 'assets', 'style.css'), 'utf8'));
    await writeFile(join(root, 'assets', 'style.css'), 'body {}');
    await buildSite({ root, site });
    assert.notEqual(await nameOfStyle(), before);
  });

  it('is the same, byte for byte, when it is built again', async () => {
    const first = await buildSite({ root, site });
    const before = await Promise.all(first.map(built));
    assert.deepEqual(await buildSite({ root, site }), first);
    assert.deepEqual(await Promise.all(first.map(built)), before);
  });

  it('shows titles as they are written, whatever is in them', async () => {
    await page('index.md', '# <script>alert("x")</script> & more');
    await buildSite({ root, site });
    const html = await built('index.html');
    assert.ok(html.includes('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; more'));
    assert.ok(html.includes('Tom &amp; &quot;Jerry&quot; &lt;3'));
    assert.ok(!html.includes('<script>'));
  });

  it('reads nothing of what a page says as a placeholder of the layout', async () => {
    await page('index.md', '# Title\n\n`[[content]]` and [[nothing]]');
    await buildSite({ root, site });
    assert.ok((await built('index.html')).includes('<code>[[content]]</code> and [[nothing]]'));
  });
});

describe('A page that cannot be built', () => {
  for (const [what, text, message] of [
    ['has no heading', 'text alone', /^pages\/index\.md has no heading/],
    ['names an asset that is not there', '# x\n\n[[asset none.png]]', 'pages/index.md: there is no assets/none.png.'],
    [
      'names a partial that is not there',
      '# x\n\n[[partial none.html]]',
      'pages/index.md: there is no partials/none.html.',
    ],
  ]) {
    it(`because it ${what} is named, and leaves the last good site`, async () => {
      await buildSite({ root, site });
      const before = await built('index.html');
      await page('index.md', text);
      await assert.rejects(buildSite({ root, site }), (error) => {
        assert.ok(error instanceof BadPage);
        assert.match(error.message, message instanceof RegExp ? message : new RegExp(`^${message}$`));
        return true;
      });
      assert.equal(await built('index.html'), before);
    });
  }
});
