import { fork } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ferretdb, FERRETDB_VERSION } from './ferretdb.js';
import { ROOT } from './prepare.js';

/** Of a server of ours, on a busy machine. */
const ANSWERS_WITHIN_MS = 30_000;

/**
 * A server that speaks MongoDB's protocol.
 *
 * @typedef {{
 *   url: string,
 *   name: string,
 *   pid: number | null,
 *   kill: (() => Promise<void>) | null,
 *   startAgain: (() => Promise<void>) | null,
 *   stop: () => Promise<void>,
 * }} MongoServer
 *   `url`: names no database, unless MONGODB_URI does. `name`: with its version, as tests and tables show it. `pid`: of
 *   the server; null where it is not ours. `kill`: as a power cut would; `startAgain`: on the same data and port; both
 *   null where it is not ours. `stop`: ends one of ours and removes its data, and is safe to call twice.
 */

/** There is no server to be had; the message says what was tried and where each failed, one line each. */
export class NoMongoServer extends Error {}

/**
 * The server of MONGODB_URI; else a mongod of its own, where one is on PATH; else FerretDB of its own, where Go is
 * installed. One of its own has its data in a temporary directory, and ends with this process, however that ends.
 * Throws `NoMongoServer`.
 *
 * @param {{ uri?: string | undefined, report?: (line: string) => void }} [options] `uri`: MONGODB_URI unless told; ''
 *   for a server of its own. `report`: told what takes long
 * @returns {Promise<MongoServer>}
 */
export async function startMongoServer({
  uri = process.env['MONGODB_URI'] ?? '',
  report = (line) => process.stderr.write(`  ${line}\n`),
} = {}) {
  if (uri) return theirs(uri);
  const tried = ['MONGODB_URI: not set.'];

  const mongod = onPath('mongod');
  if (mongod) {
    try {
      return await ours({ program: mongod, flags: mongodFlags, describe: (name) => name });
    } catch (error) {
      tried.push(`mongod: ${error.message}`);
    }
  } else tried.push('mongod: not on PATH.');

  const go = onPath('go') ?? ['/usr/local/go/bin/go'].find(existsSync);
  if (go) {
    try {
      const program = await ferretdb(go, report);
      return await ours({
        program,
        flags: ferretdbFlags,
        describe: () => `FerretDB ${FERRETDB_VERSION} (SQLite), with its writes made atomic`,
      });
    } catch (error) {
      tried.push(`FerretDB ${FERRETDB_VERSION} by ${go}: ${error.message}`);
    }
  } else tried.push(`FerretDB ${FERRETDB_VERSION}: Go, which would build it, is neither on PATH nor in /usr/local/go.`);
  throw new NoMongoServer(`There is no server that speaks MongoDB's protocol.\n${tried.join('\n')}`);
}

async function theirs(uri) {
  try {
    return { url: uri, name: await nameOf(uri), pid: null, kill: null, startAgain: null, stop: async () => undefined };
  } catch (error) {
    // No silent other server: whoever names one means it. The message of the driver names the host, not the password.
    throw new NoMongoServer(`MONGODB_URI: ${error.message}`);
  }
}

async function ours({ program, flags, describe }) {
  const dataDir = await mkdtemp(join(dataParent(), 'stack-mongo-'));
  const port = await freePort();
  const url = `mongodb://127.0.0.1:${port}/`;
  const orders = JSON.stringify({ program, flags: flags(dataDir, port), dataDir });
  const keeper = fork(join(import.meta.dirname, 'keep-mongo-server.js'), [orders], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const keeperEnded = new Promise((resolve) => keeper.once('exit', resolve));
  /** Settles with the first message that has what is waited for. */
  const told = (what) =>
    new Promise((resolve) => {
      const listen = (message) => {
        if (!(what in message)) return;
        keeper.off('message', listen);
        resolve(message[what]);
      };
      keeper.on('message', listen);
    });
  // This process does not live for its keeper, but while it waits for it.
  const waitingForIt = async (work) => {
    keeper.ref();
    keeper.channel?.ref();
    try {
      await work();
    } finally {
      keeper.unref();
      keeper.channel?.unref();
    }
  };
  const server = {
    url,
    name: '',
    pid: null,
    kill: () =>
      waitingForIt(async () => {
        const ended = told('ended');
        keeper.send('kill');
        await ended;
        server.pid = null;
      }),
    startAgain: () =>
      waitingForIt(async () => {
        const ready = untilReady();
        keeper.send('start');
        await ready;
      }),
    stop: () =>
      waitingForIt(async () => {
        if (keeper.connected) keeper.disconnect();
        await keeperEnded;
      }),
  };
  const untilReady = async () => {
    const started = told('pid');
    const ended = told('ended').then((how) => {
      throw new Error(how);
    });
    ended.catch(() => undefined); // also when it ends much later
    server.pid = await Promise.race([started, ended]);
    return Promise.race([nameOf(url), ended]);
  };
  try {
    await waitingForIt(async () => {
      server.name = describe(await untilReady());
    });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

const mongodFlags = (dataDir, port) => [
  ...['--dbpath', dataDir, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket', '--quiet'],
];

const ferretdbFlags = (dataDir, port) => [
  '--handler=sqlite',
  `--sqlite-url=file:${dataDir}/`,
  `--listen-addr=127.0.0.1:${port}`,
  '--debug-addr=-',
  '--telemetry=disable',
  '--log-level=error',
  `--state-dir=${dataDir}`,
  // Whoever waits for more of a capped collection has all of it read again every 10 ms.
  '--test-capped-cleanup-interval=5s',
];

/** In memory where there is room: nothing of it is kept, and a disk shared with others would only be in the way. */
function dataParent() {
  const memory = '/dev/shm';
  try {
    accessSync(memory, constants.W_OK);
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= 2 ** 30 ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

function onPath(program) {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** As the server says it: "MongoDB 7.0.14". Rejects where nobody answers in time. */
async function nameOf(url) {
  // The kit's driver: this file runs from plain Node, and belongs to no package that has one.
  const { MongoClient } = createRequire(join(ROOT, 'subgraphs/kit/package.json'))('mongodb');
  const client = new MongoClient(url, { serverSelectionTimeoutMS: ANSWERS_WITHIN_MS });
  try {
    const { version, ferretdbVersion } = await client.db('admin').command({ buildInfo: 1 });
    return ferretdbVersion ? `FerretDB ${ferretdbVersion}` : `MongoDB ${version}`;
  } finally {
    await client.close();
  }
}
