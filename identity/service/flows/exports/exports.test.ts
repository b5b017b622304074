import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { exportFiles } from '@inevitable/kit/host';
import { extract, pack } from 'tar-stream';
import { publishedArchiveKeys } from '../../archives/archive-keys.js';
import { signManifest } from '../../archives/manifest.js';
import { verifyArchive } from '../../archives/verify-archive.js';
import {
  DEMO_PASSWORD,
  openTestIdentity,
  contextOfToken,
  type TestIdentity,
} from '../../testing/open-test-identity.js';
import { newSealedKey, openSealedKey } from '../../tokens/signing-key.js';
import { newMember, newTenant, productsDoTheirParts, STARTER } from '../../testing/products-at-work.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const carryOut = () => test.identity.maintenance.carryOutOrders();

const exportTenant = (context: RequestContext, id: string) =>
  test.ask(
    'mutation ($id: ID!) { exportTenant(input: { id: $id }) { export { orderId state waitingFor url } } }',
    context,
    {
      id,
    },
  );

const fetched = (context: RequestContext, id: string) =>
  test.subgraph.fetch(new Request(`http://stack.test/auth/exports/${id}`), context);

/** Every file of an archive, by its path. */
async function unpacked(archive: ReadableStream<Uint8Array>): Promise<Readonly<Record<string, Buffer>>> {
  const files: Record<string, Buffer> = {};
  const untar = extract();
  Readable.from(archive).pipe(untar as never);
  for await (const entry of untar) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    files[entry.header.name] = Buffer.concat(chunks);
  }
  return files;
}

const streamOf = (bytes: Buffer) => Readable.toWeb(Readable.from([bytes])) as ReadableStream<Uint8Array>;

const rowsIn = (file: Buffer | undefined) =>
  gunzipSync(file!)
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Orders an archive of acme, as its owner, and waits for nobody. */
async function finishedArchive(): Promise<{ readonly ada: RequestContext; readonly id: string }> {
  const ada = await test.as('ada');
  const { data } = await exportTenant(ada, ada.tenant!.id);
  await productsDoTheirParts(test);
  await carryOut();
  return { ada, id: data.exportTenant.export.orderId as string };
}

describe("A tenant's export", () => {
  it('waits for the part of every product, and is mailed when it can be fetched', async () => {
    const ada = await test.as('ada');
    const id = ada.tenant!.id;
    const { data } = await exportTenant(ada, id);
    expect(data.exportTenant.export).toMatchObject({
      state: 'PREPARING',
      waitingFor: ['identity', STARTER],
      url: null,
    });
    expect(await exportTenant(ada, id)).toEqual({ data }); // the one under way
    await carryOut();
    const asked = '{ viewer { tenant { export { orderId state waitingFor url } } } }';
    expect((await test.ask(asked, ada)).data.viewer.tenant.export).toMatchObject({ waitingFor: [STARTER] });
    await productsDoTheirParts(test);
    expect(await carryOut()).toMatchObject({ archivesMade: 1 });
    const orderId = data.exportTenant.export.orderId as string;
    expect((await test.ask(asked, ada)).data.viewer.tenant.export).toEqual({
      orderId,
      state: 'READY',
      waitingFor: [],
      url: `http://127.0.0.1:8080/auth/exports/${orderId}`,
    });
    expect((await test.mails('ada@acme.test')).map(({ kind }) => kind)).toContain('archive-ready');
  });

  it("is one archive of every product's rows, whose signature holds, without a hash or a token", async () => {
    const { ada, id } = await finishedArchive();
    const response = await fetched(ada, id);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/x-tar',
      'cache-control': 'private, no-store',
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const files = await unpacked(streamOf(bytes));
    expect(rowsIn(files['starter/notes.0001.ndjson.gz'])).toEqual([{ tenant_id: ada.tenant!.id, text: 'a note' }]);
    expect(rowsIn(files['identity/members.0001.ndjson.gz'])).toEqual(
      expect.arrayContaining([expect.objectContaining({ email: 'ada@acme.test', roles: ['owner'] })]),
    );
    const everything = Object.entries(files)
      .map(([name, content]) => (name.endsWith('.gz') ? gunzipSync(content).toString() : content.toString()))
      .join('\n');
    for (const secret of ['argon2', 'password_hash', 'secret_hash', 'sealed', 'gus@globex.test'])
      expect(everything).not.toContain(secret);
    const keys = await publishedArchiveKeys(test.flows.db);
    expect(await verifyArchive(Readable.from([bytes]), keys)).toMatchObject({
      manifest: { of: { kind: 'tenant', slug: 'acme' }, orderId: id },
      findings: [],
    });
    expect(await test.get('/.well-known/archive-jwks.json')).toEqual({ keys });
    const manifest = createHash('sha256').update(files['manifest.json']!).digest('hex');
    expect(
      (await test.audit(ada.tenant!.id)).filter(({ action }) => action === 'identity.finish-export').at(-1),
    ).toMatchObject({
      details: { order: id, manifest },
    });
  });

  it('is refused when a byte of it was changed, a file taken out or put in, or another key has signed it', async () => {
    const { ada, id } = await finishedArchive();
    const bytes = Buffer.from(await (await fetched(ada, id)).arrayBuffer());
    const keys = await publishedArchiveKeys(test.flows.db);
    const changed = Buffer.from(bytes);
    const at = changed.lastIndexOf('identity/members.0001.ndjson.gz') + 512 + 20;
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect((await verifyArchive(Readable.from([changed]), keys)).findings).toEqual([
      '"identity/members.0001.ndjson.gz" was changed.',
    ]);
    const { 'starter/notes.0001.ndjson.gz': notes, ...others } = await unpacked(streamOf(bytes));
    const repacked = (files: Readonly<Record<string, Buffer>>) => {
      const tar = pack();
      for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
      tar.finalize();
      return verifyArchive(tar, keys);
    };
    expect((await repacked({ ...others, 'starter/notes.0001.ndjson.gz': notes! })).findings).toEqual([]);
    expect((await repacked(others)).findings).toEqual(['"starter/notes.0001.ndjson.gz" is missing.']);
    expect(
      (await repacked({ ...others, 'starter/notes.0001.ndjson.gz': notes!, 'more.txt': notes! })).findings,
    ).toEqual(['"more.txt" was added.']);
    const whole = { ...others, 'starter/notes.0001.ndjson.gz': notes! };
    expect((await repacked({ ...whole, 'README.txt': Buffer.from('no word of it') })).findings).toEqual([
      'README.txt is not what was written.',
    ]);
    const { jwk, ...another } = newSealedKey(test.flows.seal);
    const forged = signManifest(others['manifest.json']!.toString(), openSealedKey(another, test.flows.seal));
    const refused = { manifest: null, findings: ["manifest.jws is missing, or none of this stack's keys signed it."] };
    expect(await repacked({ ...others, 'manifest.jws': Buffer.from(forged) })).toEqual(refused);
    expect(jwk.kid).not.toBe(keys[0]!.kid);
    expect(await verifyArchive(Readable.from([bytes]), [])).toEqual({
      manifest: null,
      findings: ["manifest.jws is missing, or none of this stack's keys signed it."],
    });
  });

  it('is for owners who signed in just now, of this tenant; any other asks for nothing', async () => {
    const [ada, bob] = [await test.as('ada'), await test.as('bob')];
    const id = ada.tenant!.id;
    const codeOf = async (context: RequestContext) => (await exportTenant(context, id)).errors?.[0]?.extensions.code;
    expect(await codeOf(bob)).toBe('FORBIDDEN');
    expect(await codeOf(await test.as('gus'))).toBe('NOT_FOUND');
    await test.advance('11 minutes');
    expect((await exportTenant(ada, id)).errors[0].extensions).toMatchObject({
      code: 'FORBIDDEN',
      reason: 'fresh-sign-in',
    });
  });

  it('answers a member, and the owner of another tenant, as one that does not exist', async () => {
    const { id } = await finishedArchive();
    const unknown = await fetched(await test.as('ada'), '01890000-0000-7000-8000-000000000000');
    expect(unknown.status).toBe(404);
    const answer = await unknown.text();
    for (const somebody of ['bob', 'gus'])
      expect(await (await fetched(await test.as(somebody), id)).text()).toBe(answer);
  });

  it('is gone after 7 days, with its files', async () => {
    const { id } = await finishedArchive();
    const { id: tenantId } = (await test.as('ada')).tenant!;
    await test.advance('7 days');
    expect((await fetched(await test.as('ada'), id)).status).toBe(404);
    expect((await carryOut()).archivesRemoved).toBeGreaterThan(0);
    expect(await exportFiles(test.flows.files, tenantId, id).list('', null)).toEqual([]);
  });

  it('is fetched by an owner who signed in just now, without a narrower scope; each fetch stands in the audit', async () => {
    const { ada, id } = await finishedArchive();
    const narrow = await test.post('/auth/login', {
      username: 'ada',
      password: DEMO_PASSWORD,
      scopes: ['starter:notes:read', 'identity:tenant:admin'],
    });
    expect((await fetched(contextOfToken(narrow.body.accessToken), id)).status).toBe(403);
    const fetches = async () =>
      (await test.audit(ada.tenant!.id)).filter(
        ({ action, outcome }) => action.endsWith('fetch-archive') && outcome === 'success',
      ).length;
    const before = await fetches();
    await (await fetched(ada, id)).body!.cancel();
    await test.identity.tenantData.fetchArchive(id).then(({ body }) => body.cancel());
    expect(await fetches()).toBe(before + 2);
    await test.advance('11 minutes');
    expect((await fetched(ada, id)).status).toBe(403);
  });

  it('leaves the one before it there until it is whole', async () => {
    const { ada, id } = await finishedArchive();
    await exportTenant(ada, ada.tenant!.id);
    expect((await fetched(ada, id)).status).toBe(200);
    await productsDoTheirParts(test);
    await carryOut();
    expect((await fetched(ada, id)).status).toBe(404);
  });

  it('is given up after a week in which a product did not add its part, with what others had added', async () => {
    const { id, owner } = await newTenant(test, 'impatient');
    const { data } = await exportTenant(await test.as(owner), id);
    await carryOut();
    await test.advance('8 days');
    await carryOut();
    await carryOut();
    expect(await exportFiles(test.flows.files, id, data.exportTenant.export.orderId).list('', null)).toEqual([]);
    const again = await exportTenant(await test.as(owner), id);
    expect(again.data.exportTenant.export.orderId).not.toBe(data.exportTenant.export.orderId);
  });

  it('of one tenant is made though fifty others cannot be', async () => {
    const { tenantData } = test.identity.ports;
    await test.rows(
      `with made as (insert into data_orders (id, kind, tenant_id) select gen_random_uuid(), 'export', gen_random_uuid()
         from generate_series(1, 60) returning id, tenant_id)
       insert into data_parts (order_id, product, tenant_id) select id, $1, tenant_id from made`,
      [STARTER],
    );
    const seen = new Set<string>();
    let page = await tenantData.open(STARTER, null);
    expect(page.length).toBe(50);
    for (; page.length; page = await tenantData.open(STARTER, page.at(-1)!))
      for (const { orderId } of page) seen.add(orderId);
    expect(seen.size).toBeGreaterThanOrEqual(60);
    await test.rows(`delete from data_orders where kind = 'export' and state = 'open'`);
  });

  it('counts no part of a product that comes without a list of its files', async () => {
    const ada = await test.as('ada');
    await exportTenant(ada, ada.tenant!.id);
    const { tenantData } = test.identity.ports;
    const [task] = await tenantData.open(STARTER, null);
    expect(await tenantData.done(STARTER, task!, { rows: 0, files: 0, jobs: 0, index: null })).toBe(false);
    await productsDoTheirParts(test);
    expect(await carryOut()).toMatchObject({ archivesMade: 1 });
  });
});

describe("A person's export", () => {
  it('is exported with what is its own in every tenant, and fetched by its person alone', async () => {
    const gus = await test.as('gus');
    const id = await test.userId('gus');
    const exported = await test.ask(
      'mutation ($id: ID!) { exportAccount(input: { id: $id }) { export { orderId } } }',
      gus,
      { id },
    );
    await productsDoTheirParts(test);
    await carryOut();
    const orderId = exported.data.exportAccount.export.orderId as string;
    const response = await fetched(gus, orderId);
    const files = await unpacked(response.body as ReadableStream<Uint8Array>);
    expect(rowsIn(files['identity/account.0001.ndjson.gz'])).toMatchObject([{ email: 'gus@globex.test' }]);
    expect(Object.keys(files)).not.toContain('identity/members.0001.ndjson.gz');
    expect((await fetched(await test.as('ada'), orderId)).status).toBe(404);
  });

  it('has what is theirs in each tenant, in a folder for each', async () => {
    await newMember(test, { username: 'commuter', tenant: 'acme', roles: ['member'] });
    const acme = await test.tenantId('acme');
    const { id: other } = await newTenant(test, 'second-home');
    await test.rows(
      `insert into memberships (tenant_id, id, user_id, roles) select $1, gen_random_uuid(), id, '{member}' from users where username = 'commuter'`,
      [other],
    );
    const { body } = await test.post('/auth/login', { username: 'commuter', password: DEMO_PASSWORD, tenant: 'acme' });
    const commuter = contextOfToken(body.accessToken);
    const ordered = await test.ask(
      'mutation ($id: ID!) { exportAccount(input: { id: $id }) { export { orderId } } }',
      commuter,
      {
        id: await test.userId('commuter'),
      },
    );
    await productsDoTheirParts(test);
    await carryOut();
    const response = await fetched(commuter, ordered.data.exportAccount.export.orderId);
    const files = await unpacked(response.body as ReadableStream<Uint8Array>);
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([`${acme}/starter/notes.0001.ndjson.gz`, `${other}/starter/notes.0001.ndjson.gz`]),
    );
    expect(
      rowsIn(files['identity/memberships.0001.ndjson.gz'])
        .map(({ slug }) => slug)
        .sort(),
    ).toEqual(['acme', 'second-home']);
  });
});
