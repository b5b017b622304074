import { newId } from '@inevitable/kit';
import { tenantFiles } from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PlatformForgeWork } from '../context.js';
import type { Prisma } from '../generated/prisma/client.js';
import platformForge from '../subgraph.js';
import { findTemplate, templatesFor } from './find-template.js';
import type { TemplateContent } from './known-template.js';
import { loadTemplate } from './load-template.js';
import { packTemplateArchive } from './pack-template-archive.js';
import { stackTemplates } from './stack-templates.js';
import { TemplateFailed } from './template-failed.js';
import { madeTemplate } from './testing/made-template.js';

let product: TestSubgraph;
beforeAll(async () => {
  product = await testSubgraph(platformForge);
});
afterAll(() => product.close());

/** What a job of this tenant gets. */
function workOf(tenant: string) {
  const { id } = product.as({ tenant }).context.tenant!;
  return {
    db: product.database.forTenant(id).db as PlatformForgeWork['db'],
    files: tenantFiles(product.files, 'platformforge', id),
  };
}

async function keep(
  tenant: string,
  { manifest, sha256, files: content }: TemplateContent,
  archive?: Uint8Array,
): Promise<void> {
  const { db, files } = workOf(tenant);
  const id = newId();
  if (archive) await files.put(`templates/${id}.tar.gz`, archive);
  await db.template.create({
    data: {
      ...{ id, name: manifest.name, manifest: manifest as Prisma.InputJsonObject, sha256 },
      ...{ sizeBytes: archive?.byteLength ?? 0, fileCount: content.length, createdBy: newId() },
    },
  });
}

const internalNames = async (): Promise<string[]> =>
  [...(await stackTemplates()).values()]
    .filter(({ manifest }) => manifest.internal)
    .map(({ manifest }) => manifest.name);

describe('The templates of a tenant', () => {
  const greeting = madeTemplate({
    manifest: {
      parameters: {
        type: 'object',
        properties: { text: { type: 'string', default: 'Hello' }, n: { type: 'integer' } },
      },
    },
    files: { 'hello.txt.liquid': '{{ parameters.text }}', 'run.sh': 'true' },
    executable: ['run.sh'],
  });

  it("are the stack's own by name, then its own by name; nobody else's", async () => {
    const archive = await packTemplateArchive(greeting);
    await keep('acme', greeting, archive);
    await keep('acme', madeTemplate({ manifest: { name: 'farewell' }, files: { a: 'a' } }));
    const ofTheStack = [...(await stackTemplates()).keys()];
    const namesIn = async (tenant: string) =>
      (await templatesFor({ db: workOf(tenant).db, deployment: 'internal' })).map(({ name, origin }) => [name, origin]);
    expect(await namesIn('acme')).toEqual([
      ...ofTheStack.map((name) => [name, 'STACK']),
      ['farewell', 'TENANT'],
      ['greeting', 'TENANT'],
    ]);
    expect(await namesIn('globex')).toEqual(ofTheStack.map((name) => [name, 'STACK']));
    expect(await findTemplate('greeting', { db: workOf('globex').db, deployment: 'internal' })).toBeNull();
  });

  it('are found as they were uploaded, and loaded with every byte', async () => {
    const { db, files } = workOf('acme');
    const found = await findTemplate('greeting', { db, deployment: 'customer' });
    expect(found).toEqual({
      ...{
        name: 'greeting',
        title: 'Greeting',
        description: 'Says hello.',
        origin: 'TENANT',
        fileId: expect.any(String),
      },
      ...{
        version: greeting.sha256.slice(0, 12),
        parameters: greeting.manifest.parameters,
        manifest: greeting.manifest,
      },
    });
    expect(await loadTemplate(found!, { files })).toEqual(greeting);
  });

  it('are known by their rows alone: what was checked when it was uploaded is not looked into again', async () => {
    let looked = 0;
    const properties = new Proxy(greeting.manifest.parameters.properties, {
      get(target, name) {
        looked += 1;
        return Reflect.get(target, name) as unknown;
      },
      ownKeys(target) {
        looked += 1;
        return Reflect.ownKeys(target);
      },
    });
    const manifest = { ...greeting.manifest, parameters: { ...greeting.manifest.parameters, properties } };
    const rows = [...Array(100).keys()].map((n) => ({ id: newId(), name: `t${n}`, manifest, sha256: greeting.sha256 }));
    const asked: unknown[] = [];
    const findMany = async (query?: object) => {
      asked.push(query);
      return rows;
    };
    const template = { findMany, findFirst: async () => rows[0] };
    const db = { template } as unknown as PlatformForgeWork['db'];
    const known = await templatesFor({ db, deployment: 'customer' });
    expect(known.filter(({ origin }) => origin === 'TENANT')).toHaveLength(100);
    expect(await findTemplate('t0', { db, deployment: 'customer' })).toMatchObject({ title: 'Greeting' });
    expect(looked).toBe(0);
    expect(await templatesFor({ db, deployment: 'customer' })).toEqual(known);
    // The second time their ids are enough.
    expect(asked).toEqual([{ select: { id: true } }, undefined, { select: { id: true } }]);
  });

  it('of the stack are loaded from its folder, and its internal ones exist in internal deployments only', async () => {
    const { db, files } = workOf('acme');
    const [name, content] = [...(await stackTemplates())][0]!;
    expect(await loadTemplate((await findTemplate(name, { db, deployment: 'internal' }))!, { files })).toBe(content);
    for (const internal of await internalNames()) {
      expect(await findTemplate(internal, { db, deployment: 'internal' })).toMatchObject({
        name: internal,
        origin: 'STACK',
      });
      expect(await findTemplate(internal, { db, deployment: 'customer' })).toBeNull();
    }
    const shown = await templatesFor({ db, deployment: 'customer' });
    expect(shown.filter(({ manifest }) => manifest.internal)).toEqual([]);
  });

  it('whose name the stack took later give way to the one of the stack', async () => {
    const name = [...(await stackTemplates()).keys()].at(-1)!;
    await keep('initech', madeTemplate({ manifest: { name }, files: { a: 'a' } }));
    const search = { db: workOf('initech').db, deployment: 'internal' as const };
    expect(await findTemplate(name, search)).toMatchObject({ origin: 'STACK' });
    expect((await templatesFor(search)).filter((template) => template.name === name)).toHaveLength(1);
  });

  it('that are stored badly fail for good, and those that are not there are looked for again', async () => {
    const work = workOf('umbrella');
    const load = async (name: string): Promise<unknown> =>
      loadTemplate((await findTemplate(name, { db: work.db, deployment: 'internal' }))!, work).catch(
        (error: unknown) => error,
      );
    const named = (name: string) => madeTemplate({ manifest: { name }, files: { a: name } });
    await keep('umbrella', named('other'), await packTemplateArchive(greeting));
    await keep('umbrella', named('cut'), (await packTemplateArchive(named('cut'))).subarray(0, 50));
    await keep('umbrella', named('gone'));
    expect(await load('other')).toEqual(
      new TemplateFailed('What is stored of the template "other" is damaged. Upload it again.'),
    );
    expect(await load('cut')).toEqual(
      new TemplateFailed('What is stored of the template "cut" is damaged. Upload it again.'),
    );
    expect(await load('gone')).not.toBeInstanceOf(TemplateFailed);
    expect(String(await load('gone'))).toMatch(
      /^Error: The file of the template "gone" \([0-9a-f-]{36}\) is not there\.$/,
    );
  });
});
