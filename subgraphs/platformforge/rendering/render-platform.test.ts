import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import type { TemplateContent } from './known-template.js';
import { readTemplateArchive } from './read-template-archive.js';
import { renderPlatform, RenderTooSlow, type PlatformToRender } from './render-platform.js';
import { TemplateFailed } from './template-failed.js';
import { madeTemplate, type TemplateToMake } from './testing/made-template.js';
import { templateTarGz } from './testing/tar-bytes.js';

const run = promisify(execFile);
const never = new AbortController().signal;
const PLATFORM = { name: 'My shop', slug: 'my-shop' };

const render = (
  template: TemplateToMake,
  more: Partial<PlatformToRender> = {},
  signal: AbortSignal = never,
  withinMs?: number,
) =>
  renderPlatform(
    { content: madeTemplate(template), platform: PLATFORM, parameters: {}, deployment: 'internal', ...more },
    signal,
    withinMs,
  );

/** The text of each file that comes out, by its path. */
async function filesOf(template: TemplateToMake, more?: Partial<PlatformToRender>): Promise<Record<string, string>> {
  const { bytes } = await render(template, more);
  const files: Record<string, string> = {};
  const archive = extract();
  archive.end(gunzipSync(bytes));
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk);
    files[entry.header.name] = Buffer.concat(chunks).toString();
  }
  return files;
}

/** The one text that comes out of one text. */
const textOf = async (text: string, more?: Partial<PlatformToRender>): Promise<string> =>
  (await filesOf({ files: { 'a.txt.liquid': text } }, more))['my-shop/a.txt']!;

/** Why a template fails; it must. */
async function failure(template: TemplateToMake, more?: Partial<PlatformToRender>): Promise<string> {
  const error: unknown = await render(template, more).then(
    () => new Error('It was rendered.'),
    (reason: unknown) => reason,
  );
  if (error instanceof TemplateFailed) return error.message;
  throw error;
}
const failureOf = (text: string): Promise<string> => failure({ files: { 'a.txt.liquid': text } });

describe('A platform', () => {
  it('has the files of its template, rendered where they end with .liquid and byte for byte where not', async () => {
    const files = {
      'README.md.liquid': '# {{ platform.name }}\n{% if parameters.docker %}Docker, {% endif %}{{ deployment }}\n',
      'src/{{ parameters.entity | kebab_case }}.ts.liquid': 'export class {{ parameters.entity }} {}\n',
      'src/{{platform.slug}}.txt': '{{ not rendered }}',
      'logo.png': '\x89PNG\r\n\x00',
      '.env': 'A=1\n',
    };
    expect(await filesOf({ files }, { parameters: { docker: true, entity: 'InvoiceLine' } })).toEqual({
      'my-shop/README.md': '# My shop\nDocker, internal\n',
      'my-shop/src/invoice-line.ts': 'export class InvoiceLine {}\n',
      'my-shop/src/my-shop.txt': '{{ not rendered }}',
      'my-shop/logo.png': '\x89PNG\r\n\x00',
      'my-shop/.env': 'A=1\n',
    });
  });

  it('has what is internal in internal deployments only', async () => {
    const template: TemplateToMake = {
      manifest: { internalFiles: ['seeds/', '.env.development.liquid'] },
      files: { 'a.txt': 'a', 'seeds/demo.json': '[]', '.env.development.liquid': 'PASSWORD=x', 'seeds.md': 'none' },
    };
    expect(Object.keys(await filesOf(template, { deployment: 'internal' }))).toEqual([
      'my-shop/.env.development',
      'my-shop/a.txt',
      'my-shop/seeds.md',
      'my-shop/seeds/demo.json',
    ]);
    expect(Object.keys(await filesOf(template, { deployment: 'customer' }))).toEqual([
      'my-shop/a.txt',
      'my-shop/seeds.md',
    ]);
  });

  it("is unpacked by the system's tar, of nobody and no time, with the modes of its files", async () => {
    const long = `${'deep/'.repeat(20)}${'n'.repeat(90)}.txt`;
    const { bytes, sha256 } = await render({
      files: { 'run.sh': '#!/bin/sh\necho hello\n', 'b.txt': 'b', [long]: 'long', 'ünïcode-☃.md': '☃' },
      executable: ['run.sh'],
    });
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    const folder = await mkdtemp(join(tmpdir(), 'platform-'));
    try {
      await writeFile(join(folder, 'a.tar.gz'), bytes);
      const { stdout } = await run(
        'tar',
        ['--quoting-style=literal', '--utc', '--numeric-owner', '-tvzf', 'a.tar.gz'],
        {
          cwd: folder,
          env: { ...process.env, LC_ALL: 'C.UTF-8' },
        },
      );
      expect(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => line.replace(/ +/g, ' ')),
      ).toEqual([
        '-rw-r--r-- 0/0 1 1970-01-01 00:00 my-shop/b.txt',
        `-rw-r--r-- 0/0 4 1970-01-01 00:00 my-shop/${long}`,
        '-rwxr-xr-x 0/0 21 1970-01-01 00:00 my-shop/run.sh',
        '-rw-r--r-- 0/0 3 1970-01-01 00:00 my-shop/ünïcode-☃.md',
      ]);
      await run('tar', ['-xzf', 'a.tar.gz'], { cwd: folder });
      expect((await run(join(folder, 'my-shop', 'run.sh'))).stdout).toBe('hello\n');
      expect(await readFile(join(folder, 'my-shop', 'ünïcode-☃.md'), 'utf8')).toBe('☃');
      expect((await stat(join(folder, 'my-shop', long))).size).toBe(4);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('The same input', () => {
  const template: TemplateToMake = {
    files: {
      'a.json.liquid': '{{ parameters | json }} {{ platform.name | json }}',
      'b/{{ platform.slug }}.bin': new Uint8Array(5_000).map((_, index) => index * index),
    },
  };

  it('gives the same bytes, in every thread, whatever ran before and beside it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.jsonValue()),
        async (name, parameters) => {
          const input = { platform: { name, slug: 'a' }, parameters };
          const digests = await Promise.all([...Array(4)].map(async () => (await render(template, input)).sha256));
          expect(new Set(digests).size).toBe(1);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('gives the same bytes in another process, at another time, in another place and language', async () => {
    const content = madeTemplate(template);
    const input: PlatformToRender = {
      content,
      platform: PLATFORM,
      parameters: { b: 1, a: 'ü' },
      deployment: 'customer',
    };
    const { sha256 } = await renderPlatform(input, never);
    const script = `
      const { renderPlatform } = await import(process.argv[1]);
      const input = JSON.parse(process.argv[2]);
      for (const file of input.content.files) file.bytes = Buffer.from(file.bytes, 'base64');
      Date.now = () => 0;
      console.log((await renderPlatform(input, new AbortController().signal)).sha256);`;
    const files = content.files.map((file) => ({ ...file, bytes: Buffer.from(file.bytes).toString('base64') }));
    const { stdout } = await run(
      process.execPath,
      [
        ...['--input-type=module', '--eval', script],
        new URL('../dist/rendering/render-platform.js', import.meta.url).href,
        JSON.stringify({ ...input, content: { ...content, files } }),
      ],
      { env: { PATH: process.env.PATH, TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8' }, timeout: 30_000 },
    );
    expect(stdout.trim()).toBe(sha256);
  });

  it('has known bytes: they change with this test alone', async () => {
    const { sha256 } = await render({
      files: { 'a.txt.liquid': '{{ platform.name }}\n', 'b.sh': 'true\n' },
      executable: ['b.sh'],
    });
    expect(sha256).toBe('397dfae426f1d7918dbdccbb3525eeaa16b5079f357e686442710009725c5c84');
  });
});

describe('A hostile name or parameter', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 50 }),
    fc.string({ unit: 'grapheme', maxLength: 50 }),
    fc.constantFrom(
      '"',
      '\\',
      '*/',
      '${process.exit()}',
      '{{ platform }}',
      '{% raw %}',
      '</script>',
      '\u2028',
      '../../etc/passwd',
      '🎉',
    ),
  );

  it('is text to a template, and whole JSON through json', async () => {
    const text = '{ "name": {{ platform.name | json }}, "value": {{ parameters.value | json }} }';
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (name, value) => {
        const json = await textOf(text, { platform: { name, slug: 'my-shop' }, parameters: { value } });
        expect(JSON.parse(json)).toEqual({ name, value });
      }),
      { numRuns: 100 },
    );
  });

  it('never leads a file out of its folder, nor into one of its own making', async () => {
    const template: TemplateToMake = { files: { 'src/{{ parameters.value }}.txt': 'x' } };
    await fc.assert(
      fc.asyncProperty(hostile, async (value) => {
        const files = await filesOf(template, { parameters: { value } }).catch((error: unknown) => {
          expect(error).toBeInstanceOf(TemplateFailed);
          return null;
        });
        if (files) expect(Object.keys(files)).toEqual([`my-shop/src/${value}.txt`]);
      }),
      { numRuns: 100 },
    );
    expect(await failure(template, { parameters: { value: '../../etc/passwd' } })).toBe(
      'src/{{ parameters.value }}.txt: the name "../../etc/passwd.txt" has a slash in it.',
    );
    expect(await failure({ files: { '{{ parameters.value }}/x': 'x' } }, { parameters: { value: '..' } })).toBe(
      '{{ parameters.value }}/x: the name ".." climbs out of its folder.',
    );
  });
});

describe('A template that fails', () => {
  it.each([
    ['one\ntwo {{ parameters.colour }}', 'a.txt.liquid, line 2: undefined variable: parameters.colour'],
    ['{{ platform.name | shout }}', 'a.txt.liquid, line 1: undefined filter: shout'],
    ['{% if true %}', 'a.txt.liquid, line 1: tag {% if true %} not closed'],
    ['\n\n{% nope %}', 'a.txt.liquid, line 3: tag "nope" not found'],
    ['{{ platform.constructor }}', 'a.txt.liquid, line 1: undefined variable: platform.constructor'],
    ['{{ parameters["a\0\n\ud800b"] }}', 'a.txt.liquid, line 1: undefined variable: parameters.a \ufffdb'],
    ['{{ "x".__proto__ }}', 'a.txt.liquid, line 1: undefined variable'],
    ...['{% include "/etc/passwd" %}', '{% render "../x" %}', '{% layout "x" %}', '{% block x %}{% endblock %}'].map(
      (text) => [text, `a.txt.liquid, line 1: tag "${text.split(' ')[1]}" not found`],
    ),
    // A clock, chance and the machine's language would make other bytes of the same input.
    ...['"now" | date', '"a" | date_to_string', '"a,b" | split: "," | sample', '"a,b" | split: "," | sort_natural'].map(
      (text) => [`{{ ${text} }}`, `a.txt.liquid, line 1: undefined filter: ${text.split(' | ').at(-1)!.split(':')[0]}`],
    ),
  ])('says where and why: %j', async (text, words) => {
    expect(await failureOf(text!)).toContain(words!);
  });

  it('may ask for a parameter that was left out', async () => {
    const text =
      '{% if parameters.colour %}{{ parameters.colour }}{% else %}none{% endif %} {{ parameters.colour | default: "red" }}';
    expect(await textOf(text)).toBe('none red');
  });

  it('says so of files that clash, are no text, or are too many', async () => {
    expect(await failure({ files: { '{{ platform.slug }}.md': '', 'my-shop.md': '' } })).toBe(
      'The platform\'s file "my-shop.md" is there twice.',
    );
    expect(await failure({ files: { 'a.liquid': Buffer.from([0xff, 0xfe]) } })).toBe(
      'a.liquid: it is not UTF-8 text, and only text can be rendered.',
    );
    const many = Object.fromEntries([...Array(2_001).keys()].map((n) => [`f${n}`, '']));
    expect(await failure({ files: many })).toBe('The platform would have more than 2000 files.');
  });
});

const grown = (doublings: number): string =>
  `{% assign a = "xxxxxxxxxx" %}${'{% assign a = a | append: a %}'.repeat(doublings)}`;
const grownList = (filter: string): string =>
  `{% assign a = "xxxxxxxxxx" | split: "," %}${`{% assign a = a | ${filter} %}`.repeat(40)}{{ a }}`;
const TOO_MUCH = 'a.txt.liquid, line 1: it makes more of its values than a template may';
const TOO_DEEP = 'a.txt.liquid, line 1: it is nested too deeply';
const TOO_LABORIOUS = 'a.txt.liquid, line 1: it does more than a template may';
const TOO_MANY = 'a.txt.liquid: it has more than 10000 outputs and tags';
const TOO_LONG = 'a.txt.liquid: it is longer than the 1 MiB a template may have';

/** One condition: liquid looks at the time before it and behind it only. */
const ENDLESS = `{% assign l = (1..1900000) %}{% if l contains 0${' or l contains 0'.repeat(10_000)} %}{% endif %}`;
const endless: TemplateToMake = { files: { 'a.txt.liquid': ENDLESS } };

describe('A hostile template', () => {
  it.each([
    ['a huge loop', '{% for i in (1..1000000000) %}x{% endfor %}', TOO_MUCH],
    [
      'loops in loops',
      `{% assign l = (1..1000) %}${'{% for i in l %}'.repeat(9)}${'{% endfor %}'.repeat(9)}`,
      TOO_LABORIOUS,
    ],
    ['a text that doubles', `${grown(60)}{{ a }}`, TOO_MUCH],
    [
      'a capture that doubles',
      `{% capture a %}xxxxxxxx{% endcapture %}${'{% capture a %}{{a}}{{a}}{% endcapture %}'.repeat(60)}{{a}}`,
      TOO_MUCH,
    ],
    ['long texts compared', `${grown(17)}{% capture b %}{{a}}{% endcapture %}{% if a == b %}{% endif %}`, TOO_MUCH],
    ['a list of lists of lists', grownList('push: a | push: a'), TOO_MUCH],
    ['a list that doubles', grownList('concat: a'), TOO_MUCH],
    ['a replacement that explodes', `${grown(12)}{{ a | replace: "x", a | replace: "x", a }}`, TOO_MUCH],
    ['a filter chain', `{{ "a"${' | append: "b"'.repeat(50_000)} }}`, TOO_MUCH],
    [
      'output without end',
      `{% for i in (1..1900000) %}${'y'.repeat(1_000)}{% endfor %}`,
      'a.txt.liquid, line 1: more comes out than the 32 MiB a platform may have',
    ],
    ['50,000 brackets in each other', `{{ a${'[a'.repeat(50_000)} }}`, TOO_DEEP],
    ['20,000 tags in each other', `${'{% if true %}'.repeat(10_000)}${'{% endif %}'.repeat(10_000)}`, TOO_MANY],
    ['a megabyte of text and more', 'x'.repeat(1024 * 1024 + 1), TOO_LONG],
    ['300,000 braces', '{{'.repeat(300_000), TOO_MANY],
    ['100,000 lines of one tag', `{% liquid\n${'echo 1\n'.repeat(100_000)}%}`, TOO_MANY],
    ['170,000 outputs', '{{1}}'.repeat(170_000), TOO_MANY],
    ['filters in loops', `{% for i in (1..1000000) %}{{ i${' | plus: 1'.repeat(1_000)} }}{% endfor %}`, TOO_LABORIOUS],
    [
      'half a million arguments',
      `{{ 1 | abs: a${',a'.repeat(500_000)} }}`,
      'The template needs more than 128 MB of memory to render.',
    ],
  ])('with %s fails in words, and the next one works', async (_what, text, words) => {
    expect(await failureOf(text)).toContain(words);
    expect(await textOf('{{ platform.name }}')).toBe('My shop');
  });

  it('is too laborious or not by what it does, whoever else wants the machine meanwhile', async () => {
    const often = (times: number) => `{% for i in (1..1000) %}{% for j in (1..${times}) %}x{% endfor %}{% endfor %}`;
    const all = await Promise.all([...Array(3)].map(() => [failureOf(often(1_000)), textOf(often(400))]).flat());
    expect(new Set(all)).toEqual(new Set([TOO_LABORIOUS, 'x'.repeat(400_000)]));
  });

  it('is too much of all its files together, not of each', async () => {
    const file = '{% for i in (1..1000) %}{% for j in (1..300) %}x{% endfor %}{% endfor %}';
    const files = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.liquid`, file]));
    expect(await failure({ files })).toBe('d.liquid, line 1: it does more than a template may');
  });

  it('that does one thing without end is too slow, which is no failure for good, and the next one works', async () => {
    const seconds = 2;
    await expect(render(endless, {}, never, seconds * 1_000)).rejects.toEqual(new RenderTooSlow(seconds * 1_000));
    expect(await textOf('{{ platform.name }}')).toBe('My shop');
  });

  it('holds up no upload, in whatever number it is rendered', async () => {
    const stop = new AbortController();
    const reason = new Error('Seen enough.');
    let over = 0;
    const renders = [...Array(4)].map(() => render(endless, {}, stop.signal).finally(() => (over += 1)));
    const outcomes = Promise.allSettled(renders);
    expect(await readTemplateArchive(templateTarGz())).toMatchObject({ manifest: { name: 'greeting' } });
    expect(over).toBe(0);
    stop.abort(reason);
    expect(await outcomes).toEqual(Array(4).fill({ status: 'rejected', reason }));
  });

  it('leaves everything else to go on while it runs, and better templates to be rendered', async () => {
    const stop = new AbortController();
    const reason = new Error('Seen enough.');
    let isOver = false;
    const rendered = render(endless, {}, stop.signal).finally(() => (isOver = true));
    const outcome = expect(rendered).rejects.toBe(reason);
    for (let turns = 0; turns < 1_000; turns += 1) await new Promise(setImmediate);
    expect(await Promise.all([...Array(8).keys()].map((n) => textOf(`${n}`)))).toEqual([...'01234567']);
    expect(isOver).toBe(false);
    stop.abort(reason);
    await outcome;
  });
});

describe('A signal', () => {
  it('ends a template in the middle, and what waits for a thread', async () => {
    const stop = new AbortController();
    const reason = new Error('The worker stops.');
    const renders = [...Array(4)].map(() => render(endless, {}, stop.signal));
    const outcomes = Promise.allSettled(renders);
    setTimeout(() => stop.abort(reason), 200); // in the middle of the first two
    expect(await outcomes).toEqual(Array(4).fill({ status: 'rejected', reason }));
    expect(await textOf('next')).toBe('next');
  });

  it('that aborted before starts nothing', async () => {
    const reason = new Error('Too late.');
    await expect(render({ files: { a: 'a' } }, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

it('A template of 8 MiB that nobody renders is packed as it is', async () => {
  const content: TemplateContent = madeTemplate({ files: { big: new Uint8Array(8 * 1024 * 1024).fill(7) } });
  const { bytes } = await renderPlatform(
    { content, platform: PLATFORM, parameters: {}, deployment: 'customer' },
    never,
  );
  expect(gunzipSync(bytes).byteLength).toBe(8 * 1024 * 1024 + 512 + 1_024);
});
