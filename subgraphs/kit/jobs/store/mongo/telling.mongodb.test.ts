import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pino, type Logger } from 'pino';
import { createTestMongoDatabase, type TestMongoDatabase } from '../../../testing/test-mongo-database.js';
import { until } from '../../../testing/until.js';
import { checkMongoJobs } from './check-mongo-jobs.js';
import type { ChangeDocument, WakeDocument } from './job-documents.js';
import { openMongoJobs, type MongoJobs } from './mongo-jobs-database.js';
import { tail, tellWatchers, wakeWorkers, type Tail } from './telling.js';

const silent = pino({ level: 'silent' });

let test: TestMongoDatabase;
let db: MongoJobs;
const open: { stop(): Promise<void> }[] = [];
const unhandled: unknown[] = [];
const notice = (reason: unknown): void => void unhandled.push(reason);

beforeAll(async () => {
  process.on('unhandledRejection', notice);
  test = createTestMongoDatabase();
  await checkMongoJobs(test.url);
  db = openMongoJobs(test.url);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
  await db.watchers.deleteMany({});
  expect(unhandled).toEqual([]);
});
afterAll(async () => {
  await db.close();
  await test.drop();
  process.off('unhandledRejection', notice);
});

/** A way to the server that can be cut. */
class Cable {
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;

  async mend(): Promise<string> {
    const to = new URL(test.url);
    const { hostname, port } = to;
    const server = createServer((near) => {
      const far = connect(Number(port || 27_017), hostname);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined); // cut
        socket.on('close', () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    to.host = `127.0.0.1:${this.#port}`;
    to.searchParams.set('directConnection', 'true');
    to.searchParams.set('serverSelectionTimeoutMS', '1000');
    return to.href;
  }

  cut(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): Promise<void> {
    this.cut();
    return Promise.resolve();
  }
}

/** What a tail of wakes hears: the names, and null for what may have been missed. */
function hearing(store: MongoJobs, log: Logger = silent): { readonly heard: unknown[]; readonly line: Tail } {
  const heard: unknown[] = [];
  const line = tail<WakeDocument>(
    store,
    store.wakes,
    (wakes) => heard.push(...(wakes?.flatMap(({ names }) => names ?? '*') ?? [null])),
    { what: 'job notifications', log },
  );
  open.push(line);
  return { heard, line };
}

describe('Who tails', () => {
  it('hears what is told from then on, and nothing of before', async () => {
    await wakeWorkers(db, ['alpha.before']);
    const one = hearing(db);
    await until('it listens', () => one.line.state === 'connected');
    const two = hearing(db);
    await until('the other listens', () => two.line.state === 'connected');
    await wakeWorkers(db, ['alpha.a', 'alpha.b']);
    await wakeWorkers(db, ['alpha.c']);
    for (const { heard } of [one, two]) {
      await until('all of it was heard', () => heard.length === 4);
      expect(heard).toEqual([null, 'alpha.a', 'alpha.b', 'alpha.c']);
    }
  });

  it('hears again after the server was gone, is told that anything may have been missed, and logs both once', async () => {
    const cable = new Cable();
    const far = openMongoJobs(await cable.mend());
    const lines: string[] = [];
    const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) });
    const { heard, line } = hearing(far, log);
    await until('it listens', () => line.state === 'connected');
    cable.cut();
    await until('it is noticed', () => line.state === 'broken');
    await wakeWorkers(db, ['alpha.missed']);
    await cable.mend();
    await until('it listens again', () => line.state === 'connected');
    await wakeWorkers(db, ['alpha.heard']);
    await until('it is heard', () => heard.length > 2);
    expect(heard).toEqual([null, null, 'alpha.heard']);
    expect(lines.map((text) => (JSON.parse(text) as { msg: string }).msg)).toEqual([
      'job notifications broke; polling until they are back',
      'job notifications are heard again',
    ]);
    await line.stop();
    cable.cut();
    await far.close();
  });

  it('may stop at once, whatever it waits for, and hears nothing then', async () => {
    const cable = new Cable();
    open.push(cable);
    const far = openMongoJobs(await cable.mend());
    const { heard, line } = hearing(far);
    await until('it listens', () => line.state === 'connected');
    const nowhere = openMongoJobs('mongodb://127.0.0.1:1/nobody');
    const gone = hearing(nowhere);
    const began = performance.now();
    await Promise.all([line.stop(), gone.line.stop(), hearing(far).line.stop()]);
    expect(performance.now() - began).toBeLessThan(500);
    await wakeWorkers(db, ['alpha.late']);
    await Promise.all([far.close(), nowhere.close()]);
    expect([heard, gone.heard]).toEqual([[null], []]);
  });

  it('leaves alone what is no capped collection', async () => {
    const plain = db.database.collection<WakeDocument>('plain');
    await plain.insertOne({ names: [] });
    const line = tail(db, plain, () => undefined, { what: 'nothing', log: silent });
    open.push(line);
    await until('it is refused', () => line.state === 'broken');
    expect(await plain.countDocuments()).toBe(1);
  });
});

describe('Workers that are woken', () => {
  it('hear each name, however many are told at once in however few documents', async () => {
    const { heard, line } = hearing(db);
    await until('it listens', () => line.state === 'connected');
    const before = await db.wakes.countDocuments();
    const names = Array.from({ length: 40 }, (_, at) => `alpha.${at}`);
    await Promise.all(names.map((name) => wakeWorkers(db, [name, 'alpha.all'])));
    await until('all were heard', () => new Set(heard).size === 42);
    expect((await db.wakes.countDocuments()) - before).toBeLessThan(5);
  });

  it('look for everything where the names are too many to list', async () => {
    const { heard, line } = hearing(db);
    await until('it listens', () => line.state === 'connected');
    await wakeWorkers(
      db,
      Array.from({ length: 100 }, (_, at) => `alpha.${'x'.repeat(100)}${at}`),
    );
    await until('it was heard', () => heard.length === 2);
    expect(heard).toEqual([null, '*']);
  });

  it('cost whoever tells them neither an error nor much time while the server is gone', async () => {
    const gone = openMongoJobs('mongodb://127.0.0.1:1/nobody?serverSelectionTimeoutMS=900');
    const began = performance.now();
    await Promise.all([
      wakeWorkers(gone, ['alpha.a']),
      tellWatchers(gone, [{ _id: 'id', state: 'ready', tenant: '', name: 'alpha.a' }]),
    ]);
    expect(performance.now() - began).toBeLessThan(800);
    await gone.close();
  });
});

describe('Who watches', () => {
  const change = (id: string, state: 'ready' | 'arriving' = 'ready') => ({
    _id: id,
    state,
    tenant: '',
    name: 'alpha.a',
  });

  function watching(): { readonly heard: unknown[]; readonly line: Tail } {
    const heard: unknown[] = [];
    const line = tail<ChangeDocument>(
      db,
      db.changes,
      (documents) => heard.push(...(documents?.flatMap(({ changes }) => changes.map(({ id }) => id)) ?? [null])),
      {
        what: 'changes of jobs',
        log: silent,
        ask: async () => {
          await db.watchers.updateOne({ _id: 'me' }, { $set: { seenAt: await db.now() } }, { upsert: true });
        },
      },
    );
    open.push(line);
    return { heard, line };
  }

  it('is told nothing until somebody says so, and everything from then on, but for jobs that nobody may see yet', async () => {
    await tellWatchers(db, [change('early')]);
    expect(await db.changes.countDocuments()).toBe(0);
    const { heard, line } = watching();
    await tellWatchers(db, [change('meanwhile')]);
    await until('it listens', () => line.state === 'connected');
    const ids = Array.from({ length: 450 }, (_, at) => `id ${at}`);
    await tellWatchers(db, [change('hidden', 'arriving'), ...ids.map((id) => change(id))]);
    await until('all were heard', () => heard.length >= 451);
    expect(heard.filter((id) => id !== 'meanwhile')).toEqual([null, ...ids]);
  });

  it('goes on hearing when the store’s clock is put ahead', async () => {
    const { heard, line } = watching();
    await until('it listens', () => line.state === 'connected');
    await db.clock.insertOne({ _id: 'clock', aheadMs: 3_600_000 });
    await tellWatchers(db, [change('an hour later')]);
    await until('it was heard', () => heard.length === 2);
    expect(heard).toEqual([null, 'an hour later']);
    await db.clock.deleteMany({});
  });
});
