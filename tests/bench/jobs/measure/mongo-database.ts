import { MongoClient } from 'mongodb';
import { usageOf } from '../../processes/usage.js';

// A server that speaks MongoDB's protocol, from where the tests have theirs, and databases in it.

/** scripts/prepare/mongo-server.js, which is plain JavaScript. */
export interface MongoServer {
  readonly url: string;
  /** With its version. */
  readonly name: string;
  /** null: it is not ours. */
  readonly pid: number | null;
  stop(): Promise<void>;
}

interface MongoServers {
  startMongoServer(options: { uri?: string; report: (line: string) => void }): Promise<MongoServer>;
}

/** From the folder this is compiled into. */
const MONGO_SERVERS = new URL('../../../../../../scripts/prepare/mongo-server.js', import.meta.url);

/**
 * That of MONGODB_URI, else one of its own, which ends with this process. `uri` '': one of its own, whatever is set.
 * Rejects where none can be had: the message says what was tried.
 */
export async function startMongoServer(
  report: (line: string) => void = () => undefined,
  uri?: '',
): Promise<MongoServer> {
  const servers = (await import(MONGO_SERVERS.href)) as MongoServers;
  return servers.startMongoServer({ report, ...(uri === undefined ? {} : { uri }) });
}

/** An empty one; nobody else has it. */
export interface MongoDatabase {
  readonly url: string;
  /** null: the server is not ours. */
  readonly serverPid: number | null;
  /** Since the server's start; NaN where it is not ours. */
  serverCpuMs(): Promise<number>;
  /** Safe to call twice. */
  drop(): Promise<void>;
}

/** `isAlone`: in a server of its own, if those are ours. */
export async function openMongoDatabase(shared: MongoServer, name: string, isAlone: boolean): Promise<MongoDatabase> {
  const own = isAlone && shared.pid !== null ? await startMongoServer(undefined, '') : null;
  const server = own ?? shared;
  const { pid } = server;
  const url = databaseAt(server.url, name);
  async function dropIt(): Promise<void> {
    if (own) return own.stop();
    const client = new MongoClient(url);
    try {
      await client.db().dropDatabase();
    } finally {
      await client.close();
    }
  }
  let dropped: Promise<void> | undefined;
  return {
    url,
    serverPid: pid,
    serverCpuMs: async () => (pid === null ? NaN : (await usageOf(pid)).cpuMs),
    drop: () => (dropped ??= dropIt()),
  };
}

/**
 * Another database of the same server, for the same user; a driver that is given it tells of its commands. Not by `URL`:
 * that knows no list of hosts.
 */
function databaseAt(url: string, name: string): string {
  const [, server, own, query] = /^(mongodb(?:\+srv)?:\/\/[^/?]*)\/?([^?]*)(?:\?(.*))?$/.exec(url)!;
  const parameters = new URLSearchParams(query);
  parameters.set('monitorCommands', 'true');
  // The user is one of the database the URL names, unless it says otherwise.
  if (own && server!.includes('@') && !parameters.has('authSource')) parameters.set('authSource', own);
  return `${server}/${name}?${parameters}`;
}
