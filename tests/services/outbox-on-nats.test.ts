import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { StackEvent, TenantsPort } from '@inevitable/contract';
import { natsBus, roleUrl, startWorker, type NatsBus, type Worker } from '@inevitable/kit/host';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import pg from 'pg';
import { pino } from 'pino';
import { until } from '../support/test-stack.js';
import { describeWithNats, NatsServer } from './nats-server.js';

const log = pino({ level: 'silent' });
const everyTenantIsActive: TenantsPort = {
  find: (id) => Promise.resolve({ id, slug: id, name: id, plan: 'free', entitlementsDigest: '', status: 'active' }),
  active: () => Promise.resolve([]),
};
const CREATE_NOTE = 'mutation ($text: String!) { createNote(input: { text: $text }) { id } }';

let server: NatsServer;
let product: TestSubgraph;
let bus: NatsBus;
let worker: Worker;
let owner: pg.Pool;

/** The product's own worker, on NATS in place of the test's bus. */
function startWorkerOnNats(): Promise<Worker> {
  const as = (schema: string, role: 'system' | 'runner'): string =>
    roleUrl(product.ownerUrl, new URL(product.ownerUrl).password, schema, role);
  return startWorker({
    products: [{ declaration: starter, database: product.database, systemUrl: as('starter', 'system') }],
    jobStoreUrl: as('jobs', 'runner'),
    tenants: everyTenantIsActive,
    entitlements: null as never, // none of these jobs reserves
    audit: { append: () => Promise.resolve([]) },
    deployment: 'internal',
    events: bus,
    log,
  });
}

async function createNotes(...texts: readonly string[]): Promise<string[]> {
  const ada = product.as({ tenant: 'acme' });
  const ids: string[] = [];
  for (const text of texts) {
    const { data } = await ada.query(CREATE_NOTE, { text });
    ids.push((data!['createNote'] as { id: string }).id);
  }
  return ids;
}

/** Ids of the records of events, in order, that are sent, or are not. */
async function outbox(sent: boolean): Promise<string[]> {
  const { rows } = await owner.query<{ id: string }>(
    `select id from starter.outbox where kind = 'event' and (sent_at is not null) = $1 order by sequence`,
    [sent],
  );
  return rows.map(({ id }) => id);
}

/** What is sent is heard before that is noted. */
const allNoted = () => until('what was sent is noted', async () => (await outbox(false)).length === 0);

beforeEach(async () => {
  server = await NatsServer.start();
  product = await testSubgraph(starter);
  await product.jobs.stop();
  owner = new pg.Pool({ connectionString: product.ownerUrl, max: 1 });
  bus = await natsBus(server.url, { log });
  worker = await startWorkerOnNats();
});
afterEach(async () => {
  await worker.stop(5_000);
  await bus.close();
  await owner.end();
  await product.close();
  await server.close();
});

describeWithNats('What the outbox holds', () => {
  it('is heard by another process, as often as it happened and in order', async () => {
    const other = await natsBus(server.url, { log });
    const heard: StackEvent[] = [];
    other.subscribe('starter.', (event) => void heard.push(event));
    const notes = await createNotes('one', 'two words', 'three words more');
    await until('the notes are counted', async () => heard.length === 2 * notes.length);
    await allNoted();
    expect(heard.map(({ id }) => id)).toEqual(await outbox(true));
    expect(new Set(heard.map(({ aggregate }) => aggregate))).toEqual(new Set(notes));
    expect(new Set(heard.map(({ tenantId }) => tenantId))).toEqual(
      new Set([product.as({ tenant: 'acme' }).context.tenant!.id]),
    );
    await other.close();
  });

  it('stays there while NATS is down, is told in the health, and is sent once when NATS is back', async () => {
    const heard: string[] = [];
    bus.subscribe('starter.', ({ id }) => void heard.push(id));
    await server.kill();
    await createNotes('one', 'two words');
    await until('the worker is in trouble', async () => !(await worker.health()).ready);
    expect(await worker.health()).toEqual({
      name: 'worker',
      ready: false,
      reason: `outbox of "starter": NATS at 127.0.0.1:${server.port} is not connected`,
    });
    expect(await outbox(true)).toEqual([]);
    await until('jobs run all the same, and tell of it', async () => (await outbox(false)).length === 4);

    await server.start();
    await until('all is sent', async () => (await outbox(true)).length === 4);
    await until('all is heard', async () => heard.length >= 4);
    expect(heard).toEqual(await outbox(true));
    expect(await worker.health()).toEqual({ name: 'worker', ready: true, reason: null });
  });

  it('is heard once although a worker died between sending it and noting that it did', async () => {
    const heard: string[] = [];
    bus.subscribe('starter.', ({ id }) => void heard.push(id));
    await createNotes('one');
    await until('it is counted and heard', async () => heard.length === 2);
    await allNoted();
    await owner.query(`update starter.outbox set sent_at = null where kind = 'event'`);
    await allNoted(); // sent again
    await createNotes('two');
    await until('it is counted and heard', async () => heard.length === 4);
    await allNoted();
    expect(heard).toEqual(await outbox(true));
  });
});
