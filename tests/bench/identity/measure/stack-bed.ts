import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { newId } from '@inevitable/kit';
import { hash } from '@node-rs/argon2';
import pg from 'pg';
import type { Postgresql } from './postgresql.js';

/** As core-identity hashes (identity/service/passwords). */
export const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
export const PASSWORD = 'a password of the benchmark';
const STARTS_WITHIN_MS = 120_000;

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface PeopleToMake {
  /** Its slug. */
  readonly tenant?: string;
  readonly role?: 'member' | 'viewer';
  readonly status?: 'active' | 'disabled';
}

/** The whole stack in one process, as `npm start` runs it. */
export interface StackBed {
  readonly pid: number;
  readonly url: string;
  /** A new tenant on the enterprise plan, with these features of its own as numbers. */
  tenant(slug: string, features?: Readonly<Record<string, number>>): Promise<void>;
  /** New people, viewers of one tenant unless told, who all have `PASSWORD`; answers their addresses. */
  people(count: number, who?: PeopleToMake): Promise<readonly string[]>;
  /** From an address of its own each time, so that it is the login alone that is counted. */
  login(email: string, password?: string): Promise<{ readonly status: number; readonly body: Tokens }>;
  logout(refreshToken: string): Promise<void>;
  /** True: the gateway answers the viewer's own query; false: it refuses the token. */
  viewer(accessToken: string): Promise<boolean>;
  close(): Promise<void>;
}

/** `settings`: in place of those by which nothing is limited and next to nothing told. */
export async function startStackBed(
  postgresql: Postgresql,
  settings: Readonly<Record<string, string>> = {},
): Promise<StackBed> {
  const databaseUrl = await postgresql.create('bench_stack');
  const dataDir = await mkdtemp(join(tmpdir(), 'bench-stack-'));
  await chmod(dataDir, 0o711);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, ['scripts/bin/stack.js', 'start'], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATA_DIR: dataDir,
      DATABASE_URL: databaseUrl,
      PORT: String(port),
      PUBLIC_URL: url,
      STACK_DEMO_PASSWORD: PASSWORD,
      TRUSTED_PROXIES: '127.0.0.1', // whoever says for whom it asks: us
      LOG_LEVEL: 'error',
      RATE_LIMITS: 'off',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => (said = `${said}${text}`.slice(-4_000)));
  const rows = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  rows.on('error', () => undefined); // that the server is being stopped, on a connection that is being closed
  const close = async (): Promise<void> => {
    await rows.end();
    await stop(child);
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await ready(url, child, () => said);
  } catch (error) {
    await close();
    throw error;
  }
  const stored = await hash(PASSWORD.normalize('NFKC'), ARGON2ID);
  let [made, asked] = [0, 0];

  const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  return {
    pid: child.pid!,
    url,
    async tenant(slug, features = {}) {
      const id = newId();
      await rows.query(
        `insert into identity.tenants (id, slug, name, plan) values ($1, $2, 'A tenant of the benchmark', 'enterprise')`,
        [id, slug],
      );
      await rows.query(
        `insert into identity.feature_overrides (tenant_id, feature, version, definition, reason)
         select $1, key, 1, json_build_object('kind', 'static', 'value', value), 'the benchmark' from json_each($2)`,
        [id, features],
      );
    },
    async people(count, { tenant = 'acme', role = 'viewer', status = 'active' } = {}) {
      const emails = Array.from({ length: count }, () => `person-${++made}@bench.test`);
      const ids = emails.map(() => newId());
      await rows.query(
        `insert into identity.users (id, email, display_name, email_verified_at, status)
         select id, email, 'Somebody', now(), $3 from unnest($1::uuid[], $2::text[]) people (id, email)`,
        [ids, emails, status],
      );
      await rows.query(
        'insert into identity.credentials (user_id, password_hash) select id, $2 from unnest($1::uuid[]) id',
        [ids, stored],
      );
      await rows.query(
        `insert into identity.memberships (tenant_id, id, user_id, roles)
         select t.id, p.id, p.id, array[$3] from identity.tenants t, unnest($1::uuid[]) p (id) where t.slug = $2`,
        [ids, tenant, role],
      );
      return emails;
    },
    async login(email, password = PASSWORD) {
      const n = ++asked;
      const from = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
      const answer = await post('/auth/login', { email, password }, { 'x-forwarded-for': from });
      return { status: answer.status, body: (await answer.json()) as Tokens };
    },
    async logout(refreshToken) {
      const answer = await post('/auth/logout', { refreshToken });
      if (!answer.ok) throw new Error(`Signing out answered ${answer.status}.`);
      await answer.arrayBuffer();
    },
    async viewer(accessToken) {
      const answer = await post(
        '/graphql',
        { query: '{ viewer { user { id email } } }' },
        { authorization: `Bearer ${accessToken}` },
      );
      const text = await answer.text();
      if (text.includes('"email"')) return true;
      if (text.includes('UNAUTHENTICATED')) return false;
      throw new Error(`The viewer's query was answered with ${answer.status}: ${text.slice(0, 200)}`);
    },
    close,
  };
}

async function ready(url: string, child: ChildProcess, said: () => string): Promise<void> {
  const giveUpAt = performance.now() + STARTS_WITHIN_MS;
  while (performance.now() < giveUpAt) {
    if (child.exitCode !== null) break;
    if (
      await fetch(`${url}/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await wait(100);
  }
  throw new Error(`The stack did not start.\n${said()}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
