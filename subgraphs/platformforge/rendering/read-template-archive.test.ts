import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { BadUserInput } from '@inevitable/kit';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { TemplateContent } from './known-template.js';
import { packTemplateArchive } from './pack-template-archive.js';
import { readTemplateArchive } from './read-template-archive.js';
import { pathFault, templatePathFault } from './template-path.js';
import { MANIFEST, madeTemplate } from './testing/made-template.js';
import { MANIFEST_ENTRY, paxHeader, tarBytes, tarGz, templateTarGz, type TarEntry } from './testing/tar-bytes.js';

/** What the reader answers: the template, or why it is refused. Anything else is a crash. */
async function read(bytes: Uint8Array): Promise<TemplateContent | string> {
  try {
    return await readTemplateArchive(bytes);
  } catch (error) {
    if (error instanceof BadUserInput) return error.message;
    throw error;
  }
}

const textsOf = (content: TemplateContent | string): unknown =>
  typeof content === 'string'
    ? content
    : Object.fromEntries(content.files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]));

const DAMAGED = 'The archive is damaged: what was compressed is no tar archive, or is cut off.';

describe('An uploaded template', () => {
  it('is not read for somebody who has left, nor read on', async () => {
    const reason = new Error('The caller left.');
    await expect(readTemplateArchive(templateTarGz(), AbortSignal.abort(reason))).rejects.toBe(reason);
    const leaving = new AbortController();
    const reading = readTemplateArchive(templateTarGz(), leaving.signal);
    leaving.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('is read with its files in one order, their modes and its digest', async () => {
    const content = await read(
      tarGz([
        { name: './', type: '5' },
        { name: './files/', type: '5' },
        { name: './files/run.sh', body: '#!/bin/sh\n', mode: 0o755 },
        { name: './files/a/{{ platform.slug }}.txt.liquid', body: '{{ platform.name }}' },
        { ...MANIFEST_ENTRY, name: './template.json' },
        { name: './files/a.txt', body: '' },
      ]),
    );
    expect(content).toEqual(
      madeTemplate({
        files: { 'a.txt': '', 'a/{{ platform.slug }}.txt.liquid': '{{ platform.name }}', 'run.sh': '#!/bin/sh\n' },
        executable: ['run.sh'],
      }),
    );
  });

  it('may stand below one folder, as tar packs one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'template-'));
    try {
      await mkdir(join(folder, 'mine', 'files', 'src'), { recursive: true });
      await writeFile(join(folder, 'mine', 'template.json'), JSON.stringify(MANIFEST));
      const long = `${'long-'.repeat(30)}name.txt`;
      await writeFile(join(folder, 'mine', 'files', 'src', long), 'Long.');
      await writeFile(join(folder, 'mine', 'files', 'ünïcode.md'), '# Ü');
      for (const format of ['gnu', 'pax', 'ustar']) {
        const archive = join(folder, `${format}.tar.gz`);
        const packed = await promisify(execFile)('tar', [`--format=${format}`, '-czf', archive, 'mine'], {
          cwd: folder,
        })
          .then(() => readFile(archive))
          .catch(() => null); // ustar has no room for the long name
        if (format === 'ustar') expect(packed).toBeNull();
        else expect(textsOf(await read(packed!))).toEqual({ [`src/${long}`]: 'Long.', 'ünïcode.md': '# Ü' });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is the same after it was stored, whatever its files are', async () => {
    const name = fc.stringMatching(/^[a-zA-Z0-9_{}\- ☃😀é]{1,12}$/u);
    const path = fc
      .array(name, { minLength: 1, maxLength: 4 })
      .map((names) => names.join('/'))
      .filter((text) => templatePathFault(text) === null);
    const files = fc.uniqueArray(fc.tuple(path, fc.uint8Array({ maxLength: 2_000 }), fc.boolean()), {
      minLength: 1,
      maxLength: 8,
      selector: ([text]) => text.split('/')[0]!.toLowerCase(),
    });
    await fc.assert(
      fc.asyncProperty(files, async (entries) => {
        const template = madeTemplate({
          manifest: { parameters: { type: 'object', properties: { b: { type: 'string' }, a: { type: 'boolean' } } } },
          files: Object.fromEntries(entries.map(([text, bytes]) => [text, Buffer.from(bytes)])),
          executable: entries.filter(([, , executable]) => executable).map(([text]) => text),
        });
        expect(await read(await packTemplateArchive(template))).toEqual(template);
      }),
      { numRuns: 50 },
    );
  });

  it.each<[string, Uint8Array, string]>([
    [
      'nothing',
      new Uint8Array(),
      'This is no gzip-compressed file; a gzip-compressed tar archive (.tar.gz) is needed.',
    ],
    [
      'a zip file',
      Buffer.from('PK\x03\x04…'),
      'The archive is a zip file; a gzip-compressed tar archive (.tar.gz) is needed.',
    ],
    [
      'a bare tar archive',
      tarBytes([MANIFEST_ENTRY]),
      'This is no gzip-compressed file; a gzip-compressed tar archive (.tar.gz) is needed.',
    ],
    ['more than 1 MiB', Buffer.alloc(1024 * 1024 + 1), 'The archive has more than 1 MiB.'],
    ['compressed text', gzipSync('Hello. '.repeat(200)), DAMAGED],
    [
      'an empty archive',
      tarGz([]),
      'The archive has no template.json at its top, nor in one folder around everything.',
    ],
    ['cut off', templateTarGz().subarray(0, -20), 'The archive is damaged: it cannot be decompressed.'],
    [
      'cut off inside',
      gzipSync(tarBytes([MANIFEST_ENTRY, { name: 'files/a', body: 'x'.repeat(900) }]).subarray(0, 2_100)),
      DAMAGED,
    ],
    ['a wrong checksum', templateTarGz({ name: 'files/x', body: 'x', checksumOff: 1 }), DAMAGED],
    ['an unknown format', templateTarGz({ name: 'files/x', body: 'x', magic: 'nonsense' }), DAMAGED],
    ['no files', tarGz([MANIFEST_ENTRY]), 'The archive has nothing in the folder files/.'],
    [
      'no manifest',
      tarGz([{ name: 'files/a', body: 'x' }]),
      'The archive has no template.json at its top, nor in one folder around everything.',
    ],
    [
      'two folders',
      tarGz([
        { ...MANIFEST_ENTRY, name: 'a/template.json' },
        { name: 'b/files/x', body: 'x' },
      ]),
      'The archive has no template.json at its top, nor in one folder around everything.',
    ],
    [
      'something beside',
      templateTarGz({ name: 'README.md', body: '#' }),
      'The archive\'s entry "README.md" is neither template.json nor in the folder files/.',
    ],
    [
      'a manifest that is none',
      tarGz([{ name: 'template.json', body: '{' }, { name: 'files/a' }]),
      'template.json is not JSON.',
    ],
    [
      'a manifest with a mistake',
      tarGz([{ name: 'template.json', body: JSON.stringify({ ...MANIFEST, internal: true }) }, { name: 'files/a' }]),
      'template.json: Unrecognized key: "internal".',
    ],
    [
      'a manifest with a key that JavaScript reads as another thing',
      tarGz([
        { name: 'template.json', body: JSON.stringify(MANIFEST).replace('{', '{"__proto__":{},') },
        { name: 'files/a' },
      ]),
      'template.json has a key "__proto__".',
    ],
    [
      'a manifest of more than 16 KiB',
      tarGz([{ name: 'template.json', body: JSON.stringify(MANIFEST).padEnd(16_385) }, { name: 'files/a' }]),
      'template.json has more than 16 KiB.',
    ],
  ])('that is %s is refused in words', async (_what, bytes, words) => {
    expect(await read(bytes)).toBe(words);
  });

  it.each<[string, readonly TarEntry[], string]>([
    ['climbs out', [{ name: '../evil' }], '"../evil" climbs out of its folder'],
    ['climbs out from within', [{ name: 'files/../../evil' }], '"files/../../evil" climbs out of its folder'],
    ['is absolute', [{ name: '/etc/passwd' }], '"/etc/passwd" is absolute'],
    ['has a drive', [{ name: 'C:/evil' }], '"C:/evil" has one of the characters < > : " | ? * in it'],
    ['has a backslash', [{ name: 'files\\..\\..\\evil' }], '"files\\\\..\\\\..\\\\evil" has a backslash'],
    ['is not UTF-8', [{ name: Buffer.from([0x66, 0xff, 0xfe]) }], '"f\ufffd\ufffd" is not UTF-8'],
    [
      'is a symbolic link',
      [{ name: 'files/l', type: '2', link: '/etc/passwd' }],
      '"files/l" is neither a plain file nor a folder',
    ],
    [
      'is a hard link',
      [{ name: 'files/l', type: '1', link: 'template.json' }],
      '"files/l" is neither a plain file nor a folder',
    ],
    ['is a device', [{ name: 'files/d', type: '3' }], '"files/d" is neither a plain file nor a folder'],
    ['is a block device', [{ name: 'files/d', type: '4' }], '"files/d" is neither a plain file nor a folder'],
    ['is a pipe', [{ name: 'files/p', type: '6' }], '"files/p" is neither a plain file nor a folder'],
    ['is contiguous', [{ name: 'files/c', type: '7' }], '"files/c" is neither a plain file nor a folder'],
    ['is sparse (GNU)', [{ name: 'files/s', type: 'S' }], '"files/s" is neither a plain file nor a folder'],
    [
      'is sparse (PAX)',
      [paxHeader({ 'GNU.sparse.major': '1', 'GNU.sparse.realsize': '1099511627776' }), { name: 'files/s', body: 'x' }],
      '"files/s" is a sparse file',
    ],
    [
      'has another path in PAX',
      [paxHeader({ path: '../../evil' }), { name: 'files/ok' }],
      '"../../evil" climbs out of its folder',
    ],
    [
      'has another path in a global PAX header',
      [paxHeader({ path: '/evil' }, 'g'), paxHeader({ mtime: '1' }), { name: 'files/ok' }],
      '"/evil" is absolute',
    ],
    [
      'has a long name of GNU',
      [{ name: '././@LongLink', type: 'L', body: `${'../'.repeat(60)}evil\0` }, { name: 'files/ok' }],
      'climbs out of its folder',
    ],
    ['is there twice', [{ name: 'files/hello.txt' }], '"files/hello.txt" is there twice'],
    [
      'differs by capital letters',
      [{ name: 'files/HELLO.txt' }],
      '"files/HELLO.txt" differs from "files/hello.txt" by capital letters alone',
    ],
    ['is a file and a folder', [{ name: 'files/hello.txt/x' }], '"files/hello.txt" is a file and a folder'],
    ['has a name of Windows', [{ name: 'files/nul.txt' }], '"files/nul.txt" has a name that Windows keeps for itself'],
    [
      'is a hook of git',
      [{ name: 'files/.git/hooks/pre-commit' }],
      '"files/.git/hooks/pre-commit" has a name that git keeps for itself',
    ],
    [
      'is a file whose name ends like a folder',
      [{ name: 'files/x/', body: 'x', type: '\0' }],
      '"files/x/" has an empty name in it',
    ],
    [
      'has a size below zero',
      [paxHeader({ size: '-512' }), { name: 'files/x', body: 'x' }],
      '"files/x" has a size that cannot be',
    ],
    [
      'has no number for a size',
      [paxHeader({ size: 'many' }), { name: 'files/x', body: 'x' }],
      '"files/x" has a size that cannot be',
    ],
    [
      'has a size of petabytes',
      [paxHeader({ size: '9007199254740993' }), { name: 'files/x' }],
      '"files/x" has a size that cannot be',
    ],
    [
      'has a binary size below zero',
      [{ name: 'files/x', body: 'x', size: Buffer.from([...Buffer.alloc(10, 0xff), 0xfe, 0]) }],
      '"files/x" has a size that cannot be',
    ],
    [
      'has a binary size of gigabytes',
      [{ name: 'files/x', body: 'x', size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0, 0]) }],
      '"files/x" has a size that cannot be',
    ],
  ])('with an entry that %s is refused', async (_what, entries, words) => {
    expect(await read(templateTarGz(...entries))).toContain(words);
  });

  it.each<[string, readonly TarEntry[], string]>([
    [
      'a name of megabytes',
      [paxHeader({ path: `${'/'.repeat(4_000_000)}x` }), { name: 'files/x' }],
      'has a name of more than 1000 characters',
    ],
    [
      'a global header of a hundred thousand names for each of its entries',
      [
        paxHeader(Object.fromEntries([...Array(100_000).keys()].map((n) => [`k${n}`, '1'])), 'g'),
        ...[...Array(400).keys()].flatMap((n) => [paxHeader({ mtime: '1' }), { name: `files/${n}` }]),
      ],
      'has more than 100 PAX records',
    ],
    [
      'a manifest of megabytes',
      [{ name: 'template.json', body: '['.repeat(4_000_000) }, { name: 'files/x' }],
      'template.json has more than 16 KiB.',
    ],
  ])('with %s is refused', async (_what, entries, words) => {
    const bytes = entries[0]!.name === 'template.json' ? tarGz(entries) : templateTarGz(...entries);
    expect(await read(bytes)).toContain(words);
  });

  it('has at most 500 files, 2,000 entries and 8 MiB', async () => {
    const files = (count: number): TarEntry[] => [...Array(count).keys()].map((n) => ({ name: `files/${n}` }));
    expect(await read(templateTarGz(...files(499)))).toMatchObject({ manifest: MANIFEST });
    expect(await read(templateTarGz(...files(500)))).toBe('The archive has more than 500 files.');
    expect(await read(templateTarGz(...files(5_000)))).toBe('The archive has more than 500 files.');
    const folders = [...Array(2_000).keys()].map((n): TarEntry => ({ name: `files/f${n}/`, type: '5' }));
    expect(await read(templateTarGz(...folders))).toBe('The archive has more than 2000 entries.');
    const big = (bytes: number): TarEntry => ({ name: 'files/big', body: Buffer.alloc(bytes) });
    expect(await read(tarGz([MANIFEST_ENTRY, big(8 * 1024 * 1024 - 1_000)]))).toMatchObject({ manifest: MANIFEST });
    expect(await read(tarGz([MANIFEST_ENTRY, big(8 * 1024 * 1024)]))).toBe(
      'The archive has more than 8 MiB, unpacked.',
    );
  });

  it('that is a bomb is refused without being unpacked', async () => {
    // A gzip file may have several members: these unpack to a gigabyte of zeros.
    const bomb = Buffer.concat(Array<Buffer>(60).fill(gzipSync(Buffer.alloc(16 * 1024 * 1024), { level: 9 })));
    expect(bomb.byteLength).toBeLessThan(1024 * 1024);
    await read(templateTarGz()); // the thread is there
    const before = process.memoryUsage.rss();
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss() - before)), 1);
    expect(await read(bomb)).toBe('The archive has more than 8 MiB, unpacked.');
    clearInterval(watch);
    expect(most).toBeLessThan(200 * 1024 * 1024);
  });

  it('whose file fits only as somebody else packed it is refused before it is stored', async () => {
    const noise = new Uint8Array(1024 * 1024);
    let state = 1;
    for (let index = 0; index < noise.length; index += 1)
      noise[index] = (state = (state * 48_271) % 2_147_483_647) & 0xff;
    await expect(packTemplateArchive(madeTemplate({ files: { noise } }))).rejects.toThrow(
      new BadUserInput('The template has more than 1 MiB, packed.'),
    );
  });
});

describe('Any archive at all', () => {
  const hostileName = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc
      .array(fc.constantFrom('..', '.', '', 'files', 'a', 'A', 'con', 'template.json', '\\', 'C:'), { maxLength: 5 })
      .map((names) => names.join('/')),
    fc.uint8Array({ maxLength: 30 }),
  );
  const entry: fc.Arbitrary<TarEntry> = fc.record(
    {
      name: hostileName,
      type: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', 'x', 'g', 'L', 'K', 'S', 'D', 'M', 'V', '\0', 'Z'),
      body: fc.oneof(
        fc.string({ maxLength: 700 }),
        fc.constantFrom('20 path=../../evil\n', '13 size=-900\n', '9 size=x\n', '0 \n', '-1 a=b\n'),
      ),
      size: fc.oneof(fc.uint8Array({ minLength: 12, maxLength: 12 }), fc.stringMatching(/^[0-7 -]{11}$/)),
      link: fc.constantFrom('', '/etc/passwd', '../..'),
      checksumOff: fc.constantFrom(0, 0, 0, 0, 1),
      magic: fc.constantFrom('ustar\x0000', 'ustar  \0', 'nonsense'),
    },
    { requiredKeys: ['name'] },
  );

  it('is read or refused in words, and no path of it leads out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), fc.boolean(), async (entries, isTemplate) => {
        const answer = await read(isTemplate ? templateTarGz(...entries) : tarGz(entries));
        if (typeof answer === 'string') expect(answer).toMatch(/^(The archive|This|template\.json).*\.$/s);
        else for (const { path } of answer.files) expect(pathFault(path) ?? templatePathFault(path)).toBeNull();
      }),
      { numRuns: 500 },
    );
  });

  it('with bits turned, or cut anywhere, is read as it was or refused in words', async () => {
    const whole = templateTarGz({ name: 'files/b.txt', body: 'b'.repeat(600) });
    const original = textsOf(await read(whole));
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), fc.nat(whole.length), async (bit, length) => {
        const turned = Buffer.from(whole);
        turned[bit >> 3]! ^= 1 << (bit & 7);
        for (const bytes of [turned, whole.subarray(0, length)]) {
          const answer = textsOf(await read(bytes));
          if (typeof answer !== 'string') expect(answer).toEqual(original);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('of any bytes, compressed or not, is refused in words', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3_000 }), async (bytes) => {
        expect(await read(bytes)).toEqual(expect.any(String));
        expect(await read(gzipSync(bytes))).toEqual(expect.any(String));
      }),
      { numRuns: 300 },
    );
  });
});
