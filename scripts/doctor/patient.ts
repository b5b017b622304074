import { realpath, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SupergraphConfig } from '@inevitable/gateway';
import { identityDatabase } from '@inevitable/identity';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { startCluster, type DatabaseDeclaration } from '@inevitable/kit/host';
import { operationsDatabase } from '@inevitable/operations';
import pg from 'pg';
import { loadProducts, productsOf } from '../parts/products.js';
import { compose, readSupergraphConfig, type ComposedSupergraph } from '../parts/supergraph.js';
import type { Settings } from '../settings/settings.js';

/** Why nobody can look at something; it is told by the check whose business that is, and the others pass. */
export class NotThere extends Error {}

/** A server that may be looked at, as somebody who may see everything in it. */
export interface DatabaseSide {
  readonly kind: 'given' | 'embedded';
  readonly url: string;
}

export interface LoadedProducts {
  readonly declarations: readonly SubgraphDeclaration[];
  /** Each a sentence, of a product that cannot be loaded. */
  readonly failures: readonly string[];
}

/** What the checks look at. Each thing is read once, by the first that asks. */
export interface Patient {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** null: they cannot be read, and `settingsFailure` says why. */
  readonly settings: Settings | null;
  readonly settingsFailure: string | null;
  config(): Promise<SupergraphConfig>;
  products(): Promise<LoadedProducts>;
  composed(): Promise<ComposedSupergraph>;
  /** Every declared database: core-identity's, operations' and the products'. */
  databases(): Promise<readonly DatabaseDeclaration[]>;
  /** Throws `NotThere` while the embedded database does not run. */
  database(): Promise<DatabaseSide>;
  /** Rows of one statement, in a session that may only read. Throws `NotThere`, and what the database says. */
  rows<Row extends pg.QueryResultRow>(url: string, statement: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export interface Examined {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly readSettings: () => Settings;
  /** Start the embedded database where it does not run. */
  readonly start: boolean;
}

/** Longer than an answer takes, and well within a check's time. */
const CONNECT_WITHIN_MS = 3_000;
const ANSWER_WITHIN_MS = 4_000;

/** A product's settings may be in the environment by halves: whoever may see most of it. */
export function openPatient({ root, env, readSettings, start }: Examined): Patient {
  const { settings, settingsFailure } = tried(readSettings);
  const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
    let working: Promise<T> | undefined;
    return () => {
      working ??= work();
      working.catch(() => undefined); // told to whoever asks
      return working;
    };
  };
  const given = (): Settings => {
    if (settings) return settings;
    throw new NotThere('The settings cannot be read.');
  };

  const config = once(() => readSupergraphConfig(given().supergraphConfig));
  const products = once(async () => {
    const read = await config();
    const loaded = await Promise.allSettled(productsOf(read).map((name) => loadProducts(given(), read, name)));
    return {
      declarations: loaded.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])),
      failures: loaded.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).message] : [])),
    };
  });

  let stop = (): Promise<void> => Promise.resolve();
  const database = once(async (): Promise<DatabaseSide> => {
    const { databaseUrl, dataDir } = given();
    if (databaseUrl !== undefined) return { kind: 'given', url: databaseUrl };
    if (start) {
      const cluster = await startCluster({ dataDir });
      stop = () => cluster.stop();
      return { kind: 'embedded', url: cluster.url };
    }
    const embedded = await findEmbedded(dataDir);
    if (embedded.kind !== 'running') throw new NotThere('The embedded database does not run.');
    return { kind: 'embedded', url: embedded.url };
  });

  return {
    root,
    env,
    settings,
    settingsFailure,
    config,
    products,
    composed: once(async () => compose(given().supergraphConfig, await config())),
    databases: once(async () => [
      identityDatabase as DatabaseDeclaration,
      operationsDatabase as DatabaseDeclaration,
      ...(await products()).declarations.flatMap(({ database: declared }) => (declared ? [declared] : [])),
    ]),
    database,
    async rows<Row extends pg.QueryResultRow>(url: string, statement: string, values: readonly unknown[] = []) {
      const client = new pg.Client({
        connectionString: url,
        connectionTimeoutMillis: CONNECT_WITHIN_MS,
        query_timeout: ANSWER_WITHIN_MS,
        application_name: 'stack doctor',
      });
      client.on('error', () => undefined); // a lost connection also fails the query that is under way
      try {
        await client.connect();
        await client.query('begin transaction read only');
        return (await client.query<Row>(statement, [...values])).rows;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
    close: () => stop(),
  };
}

function tried(read: () => Settings): Pick<Patient, 'settings' | 'settingsFailure'> {
  try {
    return { settings: read(), settingsFailure: null };
  } catch (error) {
    return { settings: null, settingsFailure: (error as Error).message };
  }
}

export type Embedded =
  | { readonly kind: 'never started' }
  | { readonly kind: 'stopped' }
  /** Its process id is in the file, and no server of this data runs under it. */
  | { readonly kind: 'killed'; readonly pid: number }
  | { readonly kind: 'running'; readonly pid: number; readonly port: number; readonly url: string };

/** The embedded database of a data directory, without starting or changing anything. Rejects where it may not be read. */
export async function findEmbedded(dataDir: string): Promise<Embedded> {
  const postgres = join(dataDir, 'postgres');
  const data = await realpath(join(postgres, 'data')).catch(() => null);
  if (data === null) return { kind: 'never started' };
  const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  if (!pid || !port) return { kind: 'stopped' };
  if (!(await isServerOf(pid, data))) return { kind: 'killed', pid };
  const password = (await readFile(join(postgres, 'password'), 'utf8')).trim();
  return {
    kind: 'running',
    pid,
    port,
    url: `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/stack`,
  };
}

async function isServerOf(pid: number, data: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  // Where there is no /proc, the connection will tell.
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => null);
  return command === null ? process.platform !== 'linux' : command.split('\0').includes(data);
}
