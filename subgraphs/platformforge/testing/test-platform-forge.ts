import { gunzipSync, gzipSync } from 'node:zlib';
import type { FileStore } from '@inevitable/kit/host';
import { testSubgraph, until, type TestCaller, type TestSubgraph } from '@inevitable/kit/testing';
import { extract } from 'tar-stream';
import pg from 'pg';
import type { TemplateFile } from '../rendering/known-template.js';
import { packTar } from '../rendering/pack-tar.js';
import platformforge from '../subgraph.js';

/** What `generatePlatform` answers, and `platform`. */
export interface SeenPlatform {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly template: string;
  readonly parameters: Record<string, unknown>;
  readonly status: string;
  readonly failureReason: string | null;
  readonly artifact: { readonly url: string; readonly sizeBytes: number; readonly sha256: string } | null;
  readonly createdBy: { readonly id: string };
  /** ISO 8601, like those below. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string | null;
}

export const ALL_FIELDS = `id name slug template parameters status failureReason artifact { url sizeBytes sha256 }
  createdBy { id } createdAt updatedAt expiresAt`;
export const GENERATE = `mutation ($name: String!, $template: String!, $parameters: JSON) {
  generatePlatform(input: { name: $name, template: $template, parameters: $parameters }) { ${ALL_FIELDS} } }`;
export const REGENERATE = `mutation ($id: ID!, $parameters: JSON) {
  regeneratePlatform(input: { id: $id, parameters: $parameters }) { ${ALL_FIELDS} } }`;
export const SHOW = `query ($id: ID!) { platform(id: $id) { ${ALL_FIELDS} } }`;

/** A template that says what it was given. */
export const greeting: Readonly<Record<string, string>> = {
  'template.json': JSON.stringify({
    name: 'greeting',
    title: 'A greeting',
    description: 'Says hello.',
    parameters: {
      type: 'object',
      properties: {
        whom: { type: 'string', default: 'world' },
        port: { type: 'integer', minimum: 1, maximum: 65_535 },
      },
    },
  }),
  'files/hello.json.liquid': '{ "name": {{ platform.name | json }}, "whom": {{ parameters.whom | json }} }\n',
  'files/{{ platform.slug }}.txt': 'as it is: {{ nothing }}\n',
};

/** Of the name, with `files` in place of or beside those of the greeting. */
export const templateNamed = (name: string, files: Readonly<Record<string, string>> = {}) => ({
  ...greeting,
  'template.json': JSON.stringify({ ...(JSON.parse(greeting['template.json']!) as object), name }),
  ...files,
});

export async function archiveOf(files: Readonly<Record<string, string>>): Promise<Uint8Array<ArrayBuffer>> {
  const entries = Object.entries(files).map(([path, text]): TemplateFile => ({
    path,
    bytes: Buffer.from(text),
    executable: false,
  }));
  return new Uint8Array(gzipSync(await packTar(entries)));
}

/** What is in a platform's artifact, by path. */
export async function unpacked(artifact: Uint8Array): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const archive = extract();
  archive.end(gunzipSync(artifact));
  for await (const entry of archive) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    files[entry.header.name] = Buffer.concat(chunks).toString();
  }
  return files;
}

export interface TestPlatformForge extends TestSubgraph {
  /** Uploads a template as `tenant`; answers the route's answer. */
  upload(tenant: string, files: Readonly<Record<string, string>>): Promise<Response>;
  /** The same, where it must be taken. */
  withTemplate(tenant: string, files: Readonly<Record<string, string>>): Promise<void>;
  /** Asks for a platform of the tenant's template `greeting` (uploaded before) unless told otherwise; answers it as it was asked for. */
  generate(tenant: string, platform: { name: string; template?: string; parameters?: object }): Promise<SeenPlatform>;
  /** One that is over. */
  generated(tenant: string, platform: { name: string; template?: string; parameters?: object }): Promise<SeenPlatform>;
  show(tenant: string, id: string): Promise<SeenPlatform>;
  /** Every generation is over, and what was to be discarded is gone. */
  settled(): Promise<void>;
  /** A generation has failed, and waits for its next attempt. */
  delayed(): Promise<void>;
  /** Waits with time moved on, so that nothing waits for its next attempt: every generation is over. */
  gaveUp(): Promise<void>;
  /** What the tenant's quota says: used, and held. */
  quota(tenant: string): Promise<{ used: number; held: number }>;
  /** Keys of the tenant's files. */
  keysOf(tenant: string): Promise<readonly string[]>;
  /** As the owner of the database, behind the product's back. */
  sql<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
}

export interface TestPlatformForgeOptions {
  readonly files?: FileStore;
  readonly deployment?: 'internal' | 'customer';
  readonly logLevel?: string;
}

const openJobs = `select state from jobs.jobs where name = any ($1)
  and state in ('blocked', 'scheduled', 'ready', 'running')`;

/** PlatformForge on a database of its own, with its worker. */
export async function testPlatformForge(options: TestPlatformForgeOptions = {}): Promise<TestPlatformForge> {
  const product = await testSubgraph(platformforge, options);
  const owner = new pg.Pool({ connectionString: product.ownerUrl, max: 2 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  const idOf = (tenant: string) => product.as({ tenant }).context.tenant!.id;
  const answer = async (caller: TestCaller, text: string, variables: Record<string, unknown>, field: string) => {
    const { data, errors } = await caller.query(text, variables);
    if (errors) throw new Error(JSON.stringify(errors));
    return data![field] as SeenPlatform;
  };
  const settled = async () => {
    await product.jobs.settled('platformforge.generate');
    await product.jobs.settled('platformforge.discard');
  };
  const sql: TestPlatformForge['sql'] = async (text, values) => (await owner.query(text, values)).rows;
  const generate: TestPlatformForge['generate'] = (tenant, { name, template = 'greeting', parameters }) =>
    answer(product.as({ tenant, user: 'ada' }), GENERATE, { name, template, parameters }, 'generatePlatform');
  const show: TestPlatformForge['show'] = (tenant, id) => answer(product.as({ tenant }), SHOW, { id }, 'platform');

  const upload = async (tenant: string, files: Readonly<Record<string, string>>): Promise<Response> =>
    product
      .as({ tenant, user: 'ada' })
      .fetch('/platformforge/templates', { method: 'POST', body: await archiveOf(files) });

  // Getters among them (jobs.measured) stay what they are: the product itself is the prototype.
  return Object.assign(Object.create(product) as TestSubgraph, {
    upload,
    async withTemplate(tenant: string, files: Readonly<Record<string, string>>) {
      const answer = await upload(tenant, files);
      if (!answer.ok) throw new Error(`The template was refused: ${await answer.text()}`);
    },
    generate,
    async generated(tenant: string, platform: { name: string; template?: string; parameters?: object }) {
      const { id } = await generate(tenant, platform);
      await settled();
      return show(tenant, id);
    },
    show,
    settled,
    delayed: () =>
      until('a generation waits for its next attempt', async () =>
        (await sql<{ state: string }>(openJobs, [['platformforge.generate']])).some(
          ({ state }) => state === 'scheduled',
        ),
      ),
    async gaveUp() {
      const names = ['platformforge.generate', 'platformforge.discard'];
      await until('nothing waits for another attempt', async () => {
        const open = await sql<{ state: string }>(openJobs, [names]);
        if (open.some(({ state }) => state === 'scheduled')) await product.clock.advance({ seconds: 60 });
        const unsent = await sql('select from platformforge.outbox where name = any ($1) and sent_at is null', [names]);
        return open.length === 0 && unsent.length === 0;
      });
      await settled(); // a record that was sent between the two questions
    },
    async quota(tenant: string) {
      const { used, held } = (await product.entitlements.usage(idOf(tenant), 'platformforge.platforms'))!;
      return { used, held };
    },
    async keysOf(tenant: string) {
      const root = `platformforge/${idOf(tenant)}/`;
      return (await product.files.list(root, null)).map(({ key }) => key.slice(root.length));
    },
    sql,
    async close() {
      await owner.end();
      await product.close();
    },
  });
}
