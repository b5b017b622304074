import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BSON, MongoClient, type Document } from 'mongodb';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createTestMongoDatabase } from '../../../testing/test-mongo-database.js';
import { checkMongoJobs } from './check-mongo-jobs.js';
import { openMongoJobs } from './mongo-jobs-database.js';
import { MongoUnavailable } from './mongo-unavailable.js';

const OP_REPLY = 1;
const OP_QUERY = 2_004;
const OP_MSG = 2_013;

/** null: it hangs up. */
type Answers = Readonly<Record<string, (command: Document) => Document | null>>;

interface Impostor {
  /** Host and port. */
  readonly host: string;
  stop(): void;
}

/** Speaks MongoDB's protocol (docs: MongoDB Wire Protocol), and answers as a MongoDB 7 unless `answers` says otherwise. */
async function impostor(answers: Answers = {}): Promise<Impostor> {
  const sockets = new Set<Socket>();
  const won = new Set<unknown>();
  const host = (): string => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cursor = (firstBatch: readonly Document[]): Document => ({
    cursor: { id: 0n, ns: 'jobs.x', firstBatch },
    ok: 1,
  });
  const usual: Answers = {
    hello: () => ({
      ok: 1,
      isWritablePrimary: true,
      minWireVersion: 0,
      maxWireVersion: 21,
      maxBsonObjectSize: 16_777_216,
      maxMessageSizeBytes: 48_000_000,
      maxWriteBatchSize: 100_000,
      logicalSessionTimeoutMinutes: 30,
      localTime: new Date(),
    }),
    buildInfo: () => ({ ok: 1, version: '7.0.14' }),
    listCollections: () => cursor([]),
    listIndexes: () => cursor([]),
    find: () => cursor([]),
    // Of those that update one document, the first wins.
    update({ updates }) {
      const { _id } = (updates as { q: Document }[])[0]!.q;
      const isFirst = !won.has(_id);
      won.add(_id);
      return { ok: 1, n: Number(isFirst), nModified: Number(isFirst) };
    },
  };
  const answer = (command: Document): Document | null => {
    const name = Object.keys(command)[0]!;
    const key = name.toLowerCase() === 'ismaster' ? 'hello' : name;
    const other = answers[key]?.(command);
    return other === null ? null : { ...(usual[key]?.(command) ?? { ok: 1, n: 1 }), ...other };
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    let read = Buffer.alloc(0);
    socket.on('error', () => undefined); // the client hung up
    socket.on('data', (bytes) => {
      read = Buffer.concat([read, bytes]);
      while (read.length >= 4 && read.length >= read.readInt32LE(0)) {
        const length = read.readInt32LE(0);
        const message = read.subarray(0, length);
        const answered = answer(message.readInt32LE(12) === OP_MSG ? commandIn(message) : queryIn(message));
        if (answered) socket.write(reply(message, answered));
        else socket.destroy();
        read = read.subarray(length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const one = {
    host: host(),
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  running.push(one);
  return one;
}

function reply(message: Buffer, answer: Document): Buffer {
  const isMessage = message.readInt32LE(12) === OP_MSG;
  const body = BSON.serialize(answer);
  // Flags and the kind of the section; or flags, cursor, where it starts, and how many documents there are.
  const before = isMessage ? Buffer.alloc(5) : Buffer.alloc(20);
  if (!isMessage) before.writeInt32LE(1, 16);
  const head = Buffer.alloc(16);
  head.writeInt32LE(head.length + before.length + body.length, 0);
  head.writeInt32LE(message.readInt32LE(4), 8);
  head.writeInt32LE(isMessage ? OP_MSG : OP_REPLY, 12);
  return Buffer.concat([head, before, body]);
}

/** With the documents that are sent beside it, as `updates` are. */
function commandIn(message: Buffer): Document {
  const command: Document = {};
  for (let at = 20; at < message.length;) {
    const kind = message[at]!;
    const size = message.readInt32LE(at + 1);
    const section = message.subarray(at + 1, at + 1 + size);
    if (kind === 0) Object.assign(command, BSON.deserialize(section));
    else {
      const end = section.indexOf(0, 4);
      command[section.toString('utf8', 4, end)] = [
        BSON.deserialize(section.subarray(end + 1), { allowObjectSmallerThanBufferSize: true }),
      ];
    }
    at += 1 + size;
  }
  return command;
}

function queryIn(message: Buffer): Document {
  if (message.readInt32LE(12) !== OP_QUERY) throw new Error('The client speaks another protocol.');
  return BSON.deserialize(message.subarray(message.indexOf(0, 20) + 9));
}

const running: { stop(): void }[] = [];
afterEach(() => running.splice(0).forEach((one) => one.stop()));

const refusal = async (url: string): Promise<string> => {
  const error = await checkMongoJobs(url).then(
    (server) => new Error(`It is a ${server}.`),
    (reason: unknown) => reason as Error,
  );
  expect(error).toBeInstanceOf(MongoUnavailable);
  expect(error.message).not.toMatch(/geheim|\n/);
  return error.message;
};
const failing = (code: number, errmsg: string) => () => ({ ok: 0, code, errmsg });
const notAllowed = failing(13, 'not authorized on jobs to execute command');
const SOON = 'serverSelectionTimeoutMS=300';

describe('A server that can keep jobs', () => {
  it('is named with its version', async () => {
    const { host } = await impostor();
    expect(await checkMongoJobs(`mongodb://${host}/jobs`)).toBe('MongoDB 7.0.14');
  });

  it('may hang up now and then while it is asked', async () => {
    let asked = 0;
    const { host } = await impostor({ createIndexes: () => ((asked += 1) <= 2 ? null : {}) });
    expect(await checkMongoJobs(`mongodb://${host}/jobs?retryWrites=false`)).toBe('MongoDB 7.0.14');
    expect(asked).toBeGreaterThan(2);
  });

  const test = createTestMongoDatabase();
  const client = new MongoClient(test.url);
  const database = client.db();
  afterAll(async () => {
    await client.close();
    await test.drop();
  });

  it('gets the collections and indexes it has not yet, however many begin at once, and however often', async () => {
    const servers = await Promise.all(Array.from({ length: 3 }, () => checkMongoJobs(test.url)));
    expect(servers).toEqual(Array(3).fill(expect.stringMatching(/^(MongoDB|FerretDB) v?\d+\.\d+/)));
    expect(await checkMongoJobs(test.url)).toBe(servers[0]);
    const indexes = await database.collection('jobs').listIndexes().toArray();
    expect(Object.fromEntries(indexes.map(({ name, key }) => [name, Object.entries(key)]))).toMatchObject({
      pick: [
        ['state', 1],
        ['name', 1],
        ['tenant', 1],
        ['priority', -1],
        ['runAt', 1],
        ['_id', 1],
      ],
      due: [
        ['state', 1],
        ['wakeAt', 1],
      ],
    });
    expect(indexes).toHaveLength(11);
    for (const name of ['wakes', 'changes'])
      expect(await database.collection(name).options()).toMatchObject({ capped: true });
  });

  it('is told apart from one with an index of another kind, and which one that is', async () => {
    const jobs = database.collection('jobs');
    await jobs.dropIndex('waits');
    await jobs.createIndex({ waits: -1 }, { name: 'waits' });
    expect(await refusal(test.url)).toBe(
      `The index "waits" of collection "jobs" in database "${database.databaseName}" is not the one that jobs need, {waits: 1}, but {waits: -1}: drop it there, db.jobs.dropIndex("waits"), and start again.`,
    );
    await jobs.dropIndex('waits');
    await jobs.createIndex({ waits: 1 }, { name: 'by_hand', unique: true });
    expect(await refusal(test.url)).toContain('but {waits: 1} with conditions of its own');
    await jobs.dropIndex('by_hand');
    await jobs.createIndex({ waits: 1 }, { name: 'by_hand' });
    await checkMongoJobs(test.url);
  });

  it('gets what hints are written to anew, where somebody wrote there before', async () => {
    await database.collection('wakes').drop();
    await database.collection('wakes').insertOne({ names: [] });
    await checkMongoJobs(test.url);
    expect(await database.collection('wakes').options()).toMatchObject({ capped: true });
  });
});

describe('A server that cannot keep jobs is refused in one sentence, without the password:', () => {
  it('nobody is there', async () => {
    const { host, stop } = await impostor();
    stop();
    expect(await refusal(`mongodb://ada:geheim@${host}/jobs?${SOON}`)).toBe(
      `MongoDB at ${host} (database "jobs") is not there: connect ECONNREFUSED ${host}; start it, or correct MONGODB_URI.`,
    );
  });

  it('its name leads nowhere', async () => {
    const ENDING = /is not there: .*(ENOTFOUND|EAI_AGAIN|ETIMEOUT|ECONNREFUSED).*; start it, or correct MONGODB_URI\.$/;
    expect(await refusal(`mongodb://ada:geheim@nowhere.invalid/?${SOON}`)).toMatch(ENDING);
  });

  it('the user or the password is wrong', async () => {
    const { host } = await impostor({ saslStart: failing(18, 'Authentication failed.') });
    expect(await refusal(`mongodb://ada:geheim@${host}/jobs`)).toBe(
      `MongoDB at ${host} (database "jobs") refuses user "ada": the password is wrong, or the user is unknown in the database that authSource names (Authentication failed).`,
    );
  });

  it('it wants a password and gets none', async () => {
    const needs = failing(13, 'Command listCollections requires authentication');
    const { host } = await impostor({ listCollections: needs });
    expect(await refusal(`mongodb://${host}/jobs`)).toBe(
      `MongoDB at ${host} (database "jobs") wants a user and a password, and MONGODB_URI has none.`,
    );
  });

  it('the user may not do what is needed', async () => {
    const { host } = await impostor({ insert: notAllowed, createIndexes: notAllowed, delete: notAllowed });
    expect(await refusal(`mongodb://${host}/jobs`)).toBe(
      `MongoDB at ${host} (database "jobs") does not allow the user to insert, createIndex and remove: grant the role readWrite on database "jobs".`,
    );
  });

  it('it is too old', async () => {
    const { host } = await impostor({ hello: () => ({ maxWireVersion: 8 }) });
    expect(await refusal(`mongodb://${host}/jobs?${SOON}`)).toMatch(
      /^MongoDB at .* is too old: jobs need MongoDB 4\.4 or newer \(Server at .* reports maximum wire version 8.*\)\.$/,
    );
  });

  it('more than one client wins an update', async () => {
    const { host } = await impostor({
      update: () => ({ n: 1, nModified: 1 }),
      buildInfo: () => ({ ferretdbVersion: 'v1.24.0' }),
    });
    expect(await refusal(`mongodb://${host}/jobs`)).toMatch(
      /is FerretDB v1\.24\.0 and cannot keep jobs: of 8 clients that updated one document on condition, 8 won and not one, so that jobs would run twice; FerretDB 1\.x as it is published does that, and MongoDB 4\.4 or newer does not\.$/,
    );
  });

  it('its replica set has no primary', async () => {
    const member: Impostor = await impostor({
      hello: () => ({
        isWritablePrimary: false,
        secondary: true,
        setName: 'rs',
        setVersion: 1,
        hosts: [member.host],
        me: member.host,
      }),
    });
    expect(await refusal(`mongodb://${member.host}/jobs?replicaSet=rs&${SOON}`)).toBe(
      `MongoDB at ${member.host} (database "jobs") has no primary now: the members of replica set "rs" that answer have not elected one.`,
    );
    expect(await refusal(`mongodb://${member.host}/jobs?replicaSet=other&${SOON}`)).toBe(
      `MongoDB at ${member.host} (database "jobs") is no member of replica set "other", which MONGODB_URI names.`,
    );
    expect(await refusal(`mongodb://${member.host}/jobs?directConnection=true&${SOON}`)).toBe(
      `MongoDB at ${member.host} (database "jobs") is not the primary of replica set "rs", and cannot be written to: name all of its members in MONGODB_URI, without directConnection.`,
    );
  });

  it('it refuses something else', async () => {
    const { host } = await impostor({ createIndexes: failing(59, 'no such command: createIndexes.\nhint') });
    expect(await refusal(`mongodb://${host}/jobs`)).toBe(
      `MongoDB at ${host} (database "jobs") cannot keep jobs: it answers "no such command: createIndexes".`,
    );
  });
});

describe('A MONGODB_URI that cannot be read', () => {
  it('is refused with a reason and an example', () => {
    expect(() => openMongoJobs('mongodb://ada:geheim@db/jobs?colour=red')).toThrow(
      new MongoUnavailable(
        'MONGODB_URI cannot be read (option colour is not supported): it has to be like mongodb://user:password@host/database, with what is special in the password percent-encoded.',
      ),
    );
    expect(() => openMongoJobs('mongodb://db/jo.bs')).toThrow(MongoUnavailable);
    expect(() => openMongoJobs('mongodb://db/jo%zbs')).toThrow(MongoUnavailable);
  });

  it('is never repeated with its password, whatever is wrong with it', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('@db/jobs', '@db', '', '/x', '@', '?w=1', ':1@[::1'), (text, rest) => {
        const password = `geheim${text}`;
        try {
          void openMongoJobs(`mongodb://ada:${password}${rest}`).close();
        } catch (error) {
          expect(error).toBeInstanceOf(MongoUnavailable);
          expect((error as Error).message).not.toContain('geheim');
        }
      }),
      { numRuns: 300 },
    );
  });
});
