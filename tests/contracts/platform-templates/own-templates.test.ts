import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { stackTemplates } from '../../../subgraphs/platformforge/rendering/stack-templates.js';
import { generate, generatedPlatform, HOSTILE_NAME } from './generated-platform.js';

const templates = [...(await stackTemplates()).values()];
const names = templates.map(({ manifest }) => manifest.name);

async function filesOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file.slice(folder.length + 1), await readFile(file, 'utf8')] as const),
    ),
  );
}
async function generatedFiles(template: string, deployment: 'internal' | 'customer', name = 'My Shop') {
  const platform = await generatedPlatform(template, { name, deployment });
  const files = await filesOf(platform.folder);
  await platform.remove();
  return files;
}

describe('The stack’s own templates', () => {
  it('are these, and one of them is for our own deployments alone', () => {
    expect(names).toEqual(['graphql-subgraph', 'internal-probe', 'rest-service', 'static-site', 'worker']);
    expect(templates.filter(({ manifest }) => manifest.internal).map(({ manifest }) => manifest.name)).toEqual([
      'internal-probe',
    ]);
  });
});

describe.each(templates)('The template $manifest.name', ({ manifest }) => {
  const { name } = manifest;

  it('says of every parameter what it is, and needs none to be told', () => {
    const parameters = Object.values(manifest.parameters.properties);
    expect(parameters.length).toBeGreaterThanOrEqual(2);
    expect(parameters.length).toBeLessThanOrEqual(4);
    for (const parameter of parameters)
      expect(parameter).toMatchObject({
        title: expect.stringMatching(/./),
        description: expect.stringMatching(/\.$/),
        default: expect.anything(),
      });
    expect(manifest.parameters.required).toEqual([]);
  });

  it('gives the same bytes whenever it is generated from the same', async () => {
    const [one, other] = await Promise.all([generate(name), generate(name)]);
    expect(Buffer.compare(one, other)).toBe(0);
  });

  it('comes out formatted as the code of this stack is, but for files that have no format', async () => {
    const { folder, remove } = await generatedPlatform(name);
    const root = process.cwd();
    await promisify(execFile)(
      process.execPath,
      [
        ...[join(root, 'node_modules/prettier/bin/prettier.cjs'), '--check', '--ignore-unknown'],
        ...['--config', join(root, '.prettierrc.json'), '.', '!package-lock.json'],
      ],
      { cwd: folder },
    );
    await remove();
  });

  it('has a README that says how to begin, and what to change first', async () => {
    const { 'README.md': readme } = await generatedFiles(name, 'internal');
    expect(readme).toMatch(/^# my-shop\n/);
    expect(readme).toMatch(/```sh\n/);
    expect(readme).toMatch(/[Ww]hat to change first/);
  });

  it('bears a name that breaks out of anything: its JSON says that name, and its code still parses', async () => {
    const { folder, remove } = await generatedPlatform(name, { name: HOSTILE_NAME });
    const files = await filesOf(folder);
    for (const [path, text] of Object.entries(files)) {
      if (path.endsWith('.json')) expect(JSON.parse(text)).toBeTruthy();
      if (path.endsWith('.js')) await promisify(execFile)(process.execPath, ['--check', path], { cwd: folder });
    }
    expect((JSON.parse(files['package.json']!) as { description: string }).description).toBe(HOSTILE_NAME);
    await remove();
  });

  it('names no package registry, and no address of one in its lock file', async () => {
    for (const [path, text] of Object.entries(await generatedFiles(name, 'internal'))) {
      expect(`${path}: ${/registry\.|"resolved"/.exec(text)?.[0] ?? 'nothing'}`).toBe(`${path}: nothing`);
    }
  });
});

describe('What is generated for customers', () => {
  it('has neither the development credentials nor the seeds of a subgraph, and its README does not speak of them', async () => {
    const internal = await generatedFiles('graphql-subgraph', 'internal');
    const customer = await generatedFiles('graphql-subgraph', 'customer');
    const isMissing = (path: string): boolean => !(path in customer);
    expect(Object.keys(internal).filter(isMissing).sort()).toEqual([
      '.env.development',
      'seeds/demo.json',
      'seeds/seed.js',
    ]);
    for (const [path, text] of Object.entries(customer))
      expect(`${path}: ${/STACK_DEMO_PASSWORD|correct horse|seeds\//.exec(text)?.[0] ?? 'nothing'}`).toBe(
        `${path}: nothing`,
      );
  });
});
