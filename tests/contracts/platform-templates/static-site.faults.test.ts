import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generatedPlatform, HOSTILE_NAME, type GeneratedPlatform } from './generated-platform.js';
import { runOwnTests, startNode, type OwnProcess } from './own-process.js';

const LARGE = randomBytes(32 * 1024 * 1024);

let platform: GeneratedPlatform;
beforeAll(async () => {
  platform = await generatedPlatform('static-site', {
    name: HOSTILE_NAME,
    parameters: { language: 'pt-BR', basePath: '/docs/', accent: '#C0FFEE' },
  });
  await writeFile(join(platform.folder, 'assets', 'large.bin'), LARGE);
});
afterAll(() => platform.remove());

async function start(): Promise<{ preview: OwnProcess; url: string }> {
  const preview = startNode(['src/main.js', 'start'], platform.folder, { PORT: '0' });
  const [url] = await preview.printed(/http:\/\/127\.0\.0\.1:\d+\/docs\//);
  return { preview, url };
}
const addressIn = (html: string, pattern: RegExp): string => pattern.exec(html)![1]!;

describe('A static site, generated for a name that breaks out of anything', () => {
  it('passes its own tests', async () => {
    expect(await runOwnTests(platform.folder)).toMatch(/^# fail 0$/m);
  });

  it('is built and shown, with its name as it is written and nothing of it run', async () => {
    const { preview, url } = await start();
    const html = await (await fetch(url)).text();
    expect(html).toContain('<html lang="pt-BR">');
    expect(html).toContain(
      '&quot;Shop&quot; &#39;of&#39; \\ */ ${process.exit(1)} {{ x }} &lt;b&gt;&amp;amp; `ls` %&gt; 😀',
    );
    expect(html).not.toContain('<b>');
    expect((await fetch(new URL('about/', url))).status).toBe(200);
    const nowhere = await fetch(new URL('nowhere', url));
    expect([nowhere.status, await nowhere.text()]).toEqual([404, expect.stringContaining('There is no such page.')]);

    const style = await fetch(new URL(addressIn(html, /href="([^"]+\.css)"/), url));
    expect(await style.text()).toContain('--accent: #c0ffee;');
    expect(style.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    preview.child.kill('SIGTERM');
    expect(await preview.ended).toBe(0);
  });

  it('names what changed anew when it is built again', async () => {
    const built = async (): Promise<string> => {
      expect(await startNode(['src/main.js', 'build'], platform.folder).ended).toBe(0);
      const html = await readFile(join(platform.folder, 'dist', 'index.html'), 'utf8');
      return addressIn(html, /href="([^"]+\.css)"/);
    };
    const before = await built();
    expect(await built()).toBe(before);
    const style = join(platform.folder, 'assets', 'style.css');
    await writeFile(style, `${await readFile(style, 'utf8')}\nbody { color: red }\n`);
    expect(await built()).not.toBe(before);
  });

  it('sends what it is sending to its end when it is stopped', async () => {
    const { preview, url } = await start();
    const [, name] = await preview.printed(/dist\/(assets\/large\.[0-9a-f]{10}\.bin)/);
    const [response] = (await once(get(new URL(name!, url)), 'response')) as [IncomingMessage];
    preview.child.kill('SIGTERM');
    // Far more than the sockets between hold: most of it is sent after the signal.
    expect((await buffer(response)).equals(LARGE)).toBe(true);
    expect(await preview.ended).toBe(0);
  });

  it('says which page cannot be built, and ends', async () => {
    const page = join(platform.folder, 'pages', 'broken.md');
    await writeFile(page, 'no heading');
    const build = startNode(['src/main.js', 'start'], platform.folder);
    expect(await build.ended).toBe(1);
    expect(build.output()).toBe(
      'pages/broken.md has no heading: its first line must be "# …", or <h1>…</h1> in HTML.\n',
    );
  });
});
