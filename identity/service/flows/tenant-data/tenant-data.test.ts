import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext, TenantId } from '@inevitable/contract';
import { archiveWriter, exportFiles } from '@inevitable/kit/host';
import { extract, pack } from 'tar-stream';
import { publishedArchiveKeys } from '../../archives/archive-keys.js';
import { verifyArchive } from '../../archives/verify-archive.js';
import { verifyChain } from '../../audit/verify-chain.js';
import { countLeftOfTenant } from '../../tenant-data/erase-tenant.js';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const STARTER = 'starter';
const carryOut = () => test.identity.maintenance.carryOutOrders();

/** Does what the products' workers do: writes a table of one row into each archive, and erases nothing that is not there. */
async function productsDoTheirParts(): Promise<void> {
  const { tenantData } = test.identity.ports;
  for (const task of await tenantData.open(STARTER)) {
    let index: string | null = null;
    if (task.kind === 'export') {
      const files = exportFiles(test.flows.files, task.userId === null ? task.tenantId : null, task.orderId);
      const part = archiveWriter(files, `${STARTER}/${task.tenantId}`, STARTER);
      await part.lines('notes', Readable.from([JSON.stringify({ tenant_id: task.tenantId, text: 'a note' })]));
      ({ index } = await part.finish());
    }
    await tenantData.done(STARTER, task, { rows: 1, files: 0, jobs: 0, index });
  }
}

const exportTenant = (context: RequestContext, id: string) =>
  test.ask('mutation ($id: ID!) { exportTenant(input: { id: $id }) { export { id state waitingFor url } } }', context, {
    id,
  });

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
  await productsDoTheirParts();
  await carryOut();
  return { ada, id: data.exportTenant.export.id as string };
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
    const asked = '{ viewer { tenant { export { id state waitingFor url } } } }';
    expect((await test.ask(asked, ada)).data.viewer.tenant.export).toMatchObject({ waitingFor: [STARTER] });
    await productsDoTheirParts();
    expect(await carryOut()).toMatchObject({ archivesMade: 1 });
    const orderId = data.exportTenant.export.id as string;
    expect((await test.ask(asked, ada)).data.viewer.tenant.export).toEqual({
      id: orderId,
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
    expect(await verifyArchive(Readable.from([bytes]), [])).toEqual({
      manifest: null,
      findings: ["manifest.jws is missing, or none of this stack's keys signed it."],
    });
  });

  it('is for owners who signed in just now, of this tenant; any other asks for nothing', async () => {
    const [ada, bob] = [await test.as('ada'), await test.as('bob')];
    const id = ada.tenant!.id;
    const codeOf = async (context: RequestContext, tenantId = id) =>
      (await exportTenant(context, tenantId)).errors?.[0]?.extensions.code;
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
    const ada = await test.as('ada');
    await test.advance('7 days');
    expect((await fetched(ada, id)).status).toBe(404);
    expect((await carryOut()).archivesRemoved).toBeGreaterThan(0);
    expect(await exportFiles(test.flows.files, ada.tenant!.id, id).list('', null)).toEqual([]);
  });
});

/** A tenant of one owner, who is in no other, and one member who is in acme, too. */
async function newTenant(slug: string): Promise<{ readonly id: TenantId; readonly owner: string }> {
  const id = await test.identity.administration.createTenant({ slug, name: slug, plan: 'free' });
  await test.identity.administration.createUser({
    email: `owner@${slug}.test`,
    username: `owner-of-${slug}`,
    password: DEMO_PASSWORD,
    tenant: slug,
    roles: ['owner'],
    displayName: slug,
  });
  return { id, owner: `owner-of-${slug}` };
}

const deleteTenant = (context: RequestContext, input: object) =>
  test.ask('mutation ($input: DeleteTenantInput!) { deleteTenant(input: $input) { tenantId erasesAt } }', context, {
    input,
  });

describe('A tenant that is given up', () => {
  it('lets nobody in from then on, tells its owners, and can be kept as it was for 30 days', async () => {
    const { id, owner } = await newTenant('hesitant');
    expect(await deleteTenant(await test.as(owner), { id, slug: 'hesitant' })).toMatchObject({
      data: { deleteTenant: { tenantId: id } },
    });
    expect((await test.post('/auth/login', { username: owner, password: DEMO_PASSWORD })).status).toBe(401);
    expect((await test.mails('owner@hesitant.test')).map(({ kind }) => kind)).toContain('tenant-deletion');
    await test.advance('29 days');
    expect(await carryOut()).toMatchObject({ tenantsErased: 0 });
    const root = await test.as('root');
    const keep = 'mutation ($id: ID!) { keepTenant(input: { id: $id }) { status } }';
    expect(await test.ask(keep, root, { id })).toEqual({ data: { keepTenant: { status: 'active' } } });
    expect((await test.post('/auth/login', { username: owner, password: DEMO_PASSWORD })).status).toBe(200);
    await test.advance('2 days');
    expect(await carryOut()).toMatchObject({ tenantsErased: 0 });
  });

  it('is erased with everything after that, once every product has erased its part; its chain stays and holds', async () => {
    const { id, owner } = await newTenant('departed');
    const acme = await test.tenantId('acme');
    const before = await test.rows('select id, roles from memberships where tenant_id = $1 order by id', [acme]);
    await deleteTenant(await test.as(owner), { id, slug: 'departed', reason: 'we are done' });
    expect(await test.identity.ports.tenantData.open(STARTER)).toEqual([]);
    await test.advance('31 days');
    const asked = `query ($id: ID!) { tenantDeletion(tenant: $id) { state parts { product erasedAt } } }`;
    const state = async () => (await test.ask(asked, await test.as('root'), { id })).data.tenantDeletion;
    expect(await state()).toEqual({
      state: 'ERASING',
      parts: [
        { product: 'identity', erasedAt: null },
        { product: STARTER, erasedAt: null },
      ],
    });
    expect(await carryOut()).toMatchObject({ tenantsErased: 0 });
    await productsDoTheirParts();
    expect(await carryOut()).toMatchObject({ tenantsErased: 1 });
    expect(await state()).toMatchObject({ state: 'ERASED' });
    expect(Object.values(await countLeftOfTenant(test.flows.db, id)).every((count) => count === 0)).toBe(true);
    expect(await test.rows(`select from users where email = 'owner@departed.test'`)).toEqual([]);
    expect(await test.rows('select id, roles from memberships where tenant_id = $1 order by id', [acme])).toEqual(
      before,
    );
    expect((await test.audit(id)).map(({ action }) => action)).toEqual(
      expect.arrayContaining(['identity.delete-tenant', 'identity.erase-tenant']),
    );
    expect(await test.rows('select from audit_personal where tenant_id = $1', [id])).toEqual([]);
    expect(await verifyChain(test.flows.db.rows, id)).toMatchObject({ broken: null });
  });

  it('is given up by its owners alone, signed in just now, who name it twice', async () => {
    const { id, owner } = await newTenant('careful');
    const codeOf = async (context: RequestContext, input: object) =>
      (await deleteTenant(context, input)).errors?.[0]?.extensions;
    const own = await test.as(owner);
    expect(await codeOf(own, { id, slug: 'acme' })).toMatchObject({ code: 'BAD_USER_INPUT', field: 'input.slug' });
    expect(await codeOf(await test.as('gus'), { id, slug: 'careful' })).toMatchObject({ code: 'NOT_FOUND' });
    const acme = await test.tenantId('acme');
    expect(await codeOf(await test.as('bob'), { id: acme, slug: 'acme' })).toMatchObject({ code: 'FORBIDDEN' });
    await test.advance('11 minutes');
    expect(await codeOf(own, { id, slug: 'careful' })).toMatchObject({ reason: 'fresh-sign-in' });
  });

  it('stays where a product has not erased its part, and says which', async () => {
    const { id, owner } = await newTenant('stuck');
    await deleteTenant(await test.as(owner), { id, slug: 'stuck' });
    await test.advance('31 days');
    for (let run = 0; run < 3; run += 1) expect(await carryOut()).toMatchObject({ tenantsErased: 0 });
    const [open] = await test.rows<{ product: string }>(
      'select product from data_parts p join data_orders o on o.id = p.order_id where o.tenant_id = $1 and p.done_at is null and product <> $2',
      [id, 'identity'],
    );
    expect(open).toEqual({ product: STARTER });
    expect(await test.rows('select status from tenants where id = $1', [id])).toEqual([{ status: 'deleting' }]);
  });
});

const deleteAccount = (context: RequestContext, id: string) =>
  test.ask('mutation ($id: ID!) { deleteAccount(input: { id: $id }) { userId } }', context, { id });

describe('An account', () => {
  it('is exported with what is its own in every tenant, and fetched by its person alone', async () => {
    const gus = await test.as('gus');
    const id = await test.userId('gus');
    const exported = await test.ask(
      'mutation ($id: ID!) { exportAccount(input: { id: $id }) { export { id } } }',
      gus,
      { id },
    );
    await productsDoTheirParts();
    await carryOut();
    const orderId = exported.data.exportAccount.export.id as string;
    const response = await fetched(gus, orderId);
    const files = await unpacked(response.body as ReadableStream<Uint8Array>);
    expect(rowsIn(files['identity/account.0001.ndjson.gz'])).toMatchObject([{ email: 'gus@globex.test' }]);
    expect(Object.keys(files)).not.toContain('identity/members.0001.ndjson.gz');
    expect((await fetched(await test.as('ada'), orderId)).status).toBe(404);
  });

  it('that is deleted signs in nowhere, and leaves nothing of its person but ids', async () => {
    const acme = await test.tenantId('acme');
    await test.identity.administration.createUser({
      email: 'leaver@acme.test',
      username: 'leaver',
      password: DEMO_PASSWORD,
      tenant: 'acme',
      roles: ['member'],
      displayName: 'Leaver',
    });
    const [leaver, id] = [await test.as('leaver'), await test.userId('leaver')];
    expect(await deleteAccount(leaver, id)).toEqual({ data: { deleteAccount: { userId: id } } });
    expect((await test.post('/auth/login', { username: 'leaver', password: DEMO_PASSWORD })).status).toBe(401);
    await test.advance('3 minutes');
    await productsDoTheirParts();
    expect(await carryOut()).toMatchObject({ peopleErased: 1 });
    const tables = await test.rows<{ name: string }>(
      `select c.relname::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid
       where c.relnamespace = 'identity'::regnamespace and c.relkind = 'r' and a.attname = 'user_id' and c.relname <> 'data_orders'`,
    );
    for (const { name } of tables) expect(await test.rows(`select from ${name} where user_id = $1`, [id])).toEqual([]);
    const texts = await test.rows<{ text: string }>(
      `select u::text as text from users u union all select m::text from mails m union all select p.data::text from audit_personal p`,
    );
    expect(texts.filter(({ text }) => text.includes('leaver@acme.test'))).toEqual([]);
    expect((await test.audit(acme)).length).toBeGreaterThan(0);
  });

  it('of the last owner of a tenant stays until somebody else owns that', async () => {
    const { owner } = await newTenant('lonely');
    const [own, id] = [await test.as(owner), await test.userId(owner)];
    expect((await deleteAccount(own, id)).errors[0]).toMatchObject({
      message: 'You are the last owner of "lonely": make somebody else an owner, or delete the tenant first.',
      extensions: { code: 'CONFLICT' },
    });
    expect((await deleteAccount(own, await test.userId('ada'))).errors[0].extensions.code).toBe('NOT_FOUND');
  });
});
