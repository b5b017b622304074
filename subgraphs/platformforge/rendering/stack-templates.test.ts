import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readTemplates, stackTemplates } from './stack-templates.js';
import { MANIFEST, madeTemplate } from './testing/made-template.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'templates-'));
});
afterAll(() => rm(root, { recursive: true }));

let folders = 0;
/** A folder with these files in it, by path. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(root, String((folders += 1)));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}
const manifest = (more: object = {}): string => JSON.stringify({ ...MANIFEST, ...more });

describe("The stack's own templates", () => {
  it('are all in order, and each is called what its folder is called', async () => {
    const templates = await stackTemplates();
    expect([...templates.keys()]).toEqual([...templates.keys()].toSorted());
    for (const [name, { manifest, files }] of templates) {
      expect(manifest.name).toBe(name);
      expect(files.length).toBeGreaterThan(0);
    }
  });

  it('are read from folders, each a manifest and files', async () => {
    const folder = await folderOf({
      'greeting/template.json': manifest({ internalFiles: ['.env'] }),
      'greeting/files/src/{{ platform.slug }}.ts.liquid': 'x',
      'greeting/files/.env': 'A=1',
      'greeting/files/run.sh': 'true',
      'internal-one/template.json': manifest({ name: 'internal-one', internal: true }),
      'internal-one/files/a': 'a',
    });
    await chmod(join(folder, 'greeting/files/run.sh'), 0o755);
    expect([...(await readTemplates(folder))]).toEqual([
      [
        'greeting',
        madeTemplate({
          manifest: { internalFiles: ['.env'] },
          files: { '.env': 'A=1', 'run.sh': 'true', 'src/{{ platform.slug }}.ts.liquid': 'x' },
          executable: ['run.sh'],
        }),
      ],
      ['internal-one', madeTemplate({ manifest: { name: 'internal-one', internal: true }, files: { a: 'a' } })],
    ]);
  });

  it.each<[Readonly<Record<string, string>>, string]>([
    [{ 'a/template.json': manifest(), 'a/files/x': '' }, 'template.json calls it "greeting"'],
    [
      { 'greeting/template.json': manifest({ title: '' }), 'greeting/files/x': '' },
      'title: must have 1 to 100 characters',
    ],
    [
      { 'greeting/template.json': manifest({ internalFiles: ['seed'] }), 'greeting/files/x': '' },
      'no file that begins with seed',
    ],
    [
      { 'greeting/template.json': manifest(), 'greeting/files/aux.ts': '' },
      'its file aux.ts has a name that Windows keeps',
    ],
    [
      { 'greeting/template.json': manifest(), 'greeting/files/a': '', 'greeting/files/A': '' },
      'by capital letters alone',
    ],
  ])('that have a mistake are refused with the place: %j', async (files, words) => {
    await expect(readTemplates(await folderOf(files))).rejects.toThrow(words);
  });

  it('are never a link to somewhere else', async () => {
    const folder = await folderOf({ 'greeting/template.json': manifest(), 'greeting/files/x': '' });
    await symlink('/etc/passwd', join(folder, 'greeting/files/link'));
    await expect(readTemplates(folder)).rejects.toThrow('its file link is no plain file');
  });
});
