import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { identityDatabase } from '@inevitable/identity';
import { ensureRoles, JOB_STORE_ROLES, JOB_STORE_SCHEMA, migrate, migrateJobStore } from '@inevitable/kit/host';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import { operationsDatabase } from '@inevitable/operations';
import pg from 'pg';
import type { Check, Said } from '../doctor/check.js';
import { clockCheck } from '../doctor/clock.js';
import { dataDirectoryCheck } from '../doctor/data-directory.js';
import { databaseCheck } from '../doctor/database.js';
import { EVERY_CHECK, runCheck } from '../doctor/examine.js';
import { gitCheck } from '../doctor/git.js';
import { identityCheck } from '../doctor/identity.js';
import { installedCheck } from '../doctor/installed.js';
import { jobStoreCheck } from '../doctor/job-store.js';
import { machineCheck } from '../doctor/machine.js';
import { openPatient } from '../doctor/patient.js';
import { portsCheck } from '../doctor/ports.js';
import { registryCheck } from '../doctor/registry.js';
import { runningStackCheck } from '../doctor/running-stack.js';
import { servicesCheck } from '../doctor/services.js';
import { settingsCheck } from '../doctor/settings.js';
import { supergraphCheck } from '../doctor/supergraph.js';
import { readSettings } from '../settings/settings.js';
import { runCommand } from '../test-support/run-command.js';
import { doctorCommand } from './doctor.js';

const ROOT = process.cwd();
const STARTER = join(ROOT, 'subgraphs/starter');
/** Roles are of the whole server, which other tests use at the same time: this product has its own. */
const PRODUCT = 'doctored';

let folder: string;
let database: TestDatabase;
let client: pg.Client;
let databaseUrl: string;
/** Nobody listens there. */
let deadPort: number;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-doctor-'));
  await cp(join(STARTER, 'prisma/migrations'), join(folder, 'migrations'), { recursive: true });
  await writeFile(
    join(folder, 'product.mjs'),
    `import starter from ${JSON.stringify(pathToFileURL(join(STARTER, 'dist/index.js')).href)};
     const migrations = new URL(${JSON.stringify(`${pathToFileURL(join(folder, 'migrations')).href}/`)});
     export default { ...starter, name: '${PRODUCT}', database: { ...starter.database, product: '${PRODUCT}', migrations } };`,
  );
  await cp(join(STARTER, 'schema.graphql'), join(folder, 'schema.graphql'));
  await writeFile(join(folder, 'supergraph.yaml'), supergraphOf('product.mjs'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', engines: { node: '>=20.19' } }));
  database = await createTestDatabase('empty', () => Promise.resolve());
  databaseUrl = database.url;
  const declared = (await import(pathToFileURL(join(folder, 'product.mjs')).href)) as {
    default: { database: typeof identityDatabase };
  };
  for (const declaration of [identityDatabase, operationsDatabase, declared.default.database]) {
    await ensureRoles(databaseUrl, database.secret, declaration.product);
    await migrate(declaration as typeof identityDatabase, databaseUrl);
  }
  client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  deadPort = await listening(createServer(), async ({ port: free }) => free);
});
afterAll(async () => {
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'stack-doctor-'));
});
afterEach(async () => {
  await rm(place, { recursive: true, force: true });
});

const supergraphOf = (module: string, schema = join(folder, 'schema.graphql')): string => `
subgraphs:
  ${PRODUCT}: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: ${JSON.stringify(schema)} } }
products:
  ${PRODUCT}: { module: ${JSON.stringify(join(folder, module))}, path_prefix: /${PRODUCT} }
`;

/** Starts a server on a free port of this machine, and ends it after the work. */
async function listening<T>(server: Server, work: (address: AddressInfo) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(server.address() as AddressInfo);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

const environment = (env: Record<string, string>): Record<string, string> => ({
  DATA_DIR: join(place, 'data'),
  SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml'),
  PORT: String(deadPort),
  ...env,
});

/** What one check says. */
async function said(
  check: Check,
  env: Record<string, string> = {},
  { root = folder, withinMs = 20_000 } = {},
): Promise<readonly Said[]> {
  const given = environment(env);
  const patient = openPatient({ root, env: given, readSettings: () => readSettings(given, root), start: false });
  const outcome = await runCheck(check, patient, withinMs);
  await patient.close();
  return outcome.said;
}

/** Those that are not well, as `verdict: message → remedy`. */
async function wrong(...args: Parameters<typeof said>): Promise<string[]> {
  return (await said(...args))
    .filter(({ verdict }) => verdict !== 'ok')
    .map(({ verdict, message, remedy }) => `${verdict}: ${message} → ${remedy}`);
}

describe('stack doctor, of the machine', () => {
  const GIB = 1024 ** 3;
  const well = { node: '22.4.0', freeMemory: GIB, totalMemory: 4 * GIB, freeDisk: 9 * GIB, cores: 2 };
  const of = (machine: Partial<typeof well>) => wrong(machineCheck(() => Promise.resolve({ ...well, ...machine })));

  it('finds an old Node, little memory and a full disk', async () => {
    expect(await of({})).toEqual([]);
    expect(await of({ node: '20.18.3' })).toEqual([
      'problem: Node 20.18.3 is older than package.json asks for (>=20.19). → Install a newer Node.',
    ]);
    expect(await of({ totalMemory: GIB / 2 })).toEqual([expect.stringMatching(/^warning: The machine has 512 MiB/)]);
    expect(await of({ freeDisk: GIB / 8 })).toEqual([
      expect.stringMatching(/^problem: The disk of .* has 128 MiB left/),
    ]);
  });

  it('looks at this one', async () => {
    expect(await said(machineCheck())).toHaveLength(3);
  });
});

describe('stack doctor, of the settings', () => {
  it('shows each that is set, and no secret', async () => {
    const told = await said(settingsCheck, {
      DATABASE_URL: 'postgres://me:canary-1@db.example.com:5433/stack?sslpassword=canary-2',
      DOCTORED_SYSTEM_DATABASE_URL: 'postgres://me:canary-3@db.example.com/stack',
      STACK_SECRET: 'canary-4'.repeat(8),
      LOG_LEVEL: 'info',
    });
    const text = told.map(({ message }) => message);
    expect(text).toEqual(
      expect.arrayContaining([
        'DATABASE_URL=postgres://***@db.example.com:5433/stack',
        'DOCTORED_SYSTEM_DATABASE_URL=postgres://***@db.example.com/stack',
        'STACK_SECRET=(set, not shown)',
        'LOG_LEVEL=info',
      ]),
    );
    expect(text.join()).not.toContain('canary');
  });

  it.each([
    [{ PORT: 'eighty' }, /^problem: PORT \("eighty"\) cannot be used/],
    [{ PORT: '8080', METRICS_PORT: '8080' }, /^problem: METRICS_PORT and PORT are both 8080/],
    [{ HOST: '0.0.0.0' }, /^warning: HOST=0\.0\.0\.0 lets other machines reach a stack with demo users/],
    [{ STARTR_DATABASE_URL: 'postgres://x' }, /^warning: STARTR_DATABASE_URL is set, and no product/],
    [{ STARTR_DEPLOYMENT_CONTEXT: 'internal' }, /^problem: STARTR_DEPLOYMENT_CONTEXT is set, and there is no such/],
    [
      { NODE_ENV: 'production', STACK_SECRET: 'f9K2mQ7xLr4Tz8Wc1Vb6Ny3Hd5Gj0Psu' },
      /^warning: NODE_ENV is production and DATABASE_URL/,
    ],
    [
      {
        DEPLOYMENT_CONTEXT: 'customer',
        STACK_SECRET: 'f9K2mQ7xLr4Tz8Wc1Vb6Ny3Hd5Gj0Psu',
        PUBLIC_URL: 'http://a.example',
      },
      /^warning: PUBLIC_URL is not https where customers are/,
    ],
    [{ DEPLOYMENT_CONTEXT: 'customer' }, /^warning: STACK_SECRET is not set where customers are/],
    [{ DATABASE_URL: 'postgres://db.example/x?sslmode=disable' }, /^warning: DATABASE_URL .* without TLS/],
  ])('finds what cannot be, or contradicts itself: %j', async (env, sentence) => {
    expect(await wrong(settingsCheck, env)).toEqual([expect.stringMatching(sentence)]);
  });
});

describe('stack doctor, of the data directory', () => {
  const check = (): Promise<string[]> => wrong(dataDirectoryCheck);
  beforeEach(() => mkdir(join(place, 'data/postgres/data'), { recursive: true, mode: 0o700 }));

  it('finds one that others can write to', async () => {
    expect(await check()).toEqual([]);
    await chmod(join(place, 'data'), 0o777);
    expect(await check()).toEqual([expect.stringMatching(/^problem: Other users can write to the folder .*data/)]);
  });

  it('finds a secret that others can read, and one that is a link', async () => {
    await writeFile(join(place, 'data/secret'), 'x', { mode: 0o644 });
    await mkdir(join(place, 'data/credentials'));
    await symlink('/etc/hostname', join(place, 'data/credentials/gateway.json'));
    expect(await check()).toEqual([
      expect.stringMatching(/^problem: The secret .*data\/secret can be reached by other users\. → .*chmod 600/),
      expect.stringMatching(/^problem: The secret .*gateway\.json is not a regular file/),
    ]);
  });

  it('finds what a database left that was killed, and leaves it', async () => {
    const pidFile = join(place, 'data/postgres/data/postmaster.pid');
    await writeFile(pidFile, `${process.pid}\n/nowhere\n0\n5432\n`);
    expect(await check()).toEqual([expect.stringMatching(/^warning: The embedded database was killed/)]);
    expect(await readdir(join(place, 'data/postgres/data'))).toEqual(['postmaster.pid']);
  });

  it('finds a file in its place, and is content with none', async () => {
    await rm(join(place, 'data'), { recursive: true });
    expect(await check()).toEqual([]);
    await writeFile(join(place, 'data'), '');
    expect(await check()).toEqual([expect.stringMatching(/^problem: .*data is not a folder/)]);
  });
});

describe('stack doctor, of the database', () => {
  const check = (env: Record<string, string> = {}): Promise<string[]> =>
    wrong(databaseCheck, { DATABASE_URL: databaseUrl, ...env });
  /** Does damage, looks, and mends it. */
  async function damaged(damage: string, mending: string): Promise<string[]> {
    await client.query(damage);
    try {
      return await check();
    } finally {
      await client.query(mending);
    }
  }

  it('has nothing to say against one that is well', async () => {
    expect(await check()).toEqual([]);
    expect((await said(databaseCheck, { DATABASE_URL: databaseUrl })).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^PostgreSQL \d+.* answers at .* \(DATABASE_URL\), \d+ of \d+ connections in use\.$/),
      expect.stringMatching(/^"identity" has its roles and all of its \d+ migrations/),
      expect.stringMatching(/^"operations" has its roles and all of its \d+ migrations/),
      expect.stringMatching(/^"doctored" has its roles and all of its 1 migrations/),
    ]);
  });

  it('finds one that does not answer, without its password', async () => {
    const found = await check({ DATABASE_URL: `postgres://me:canary@127.0.0.1:${deadPort}/x` });
    expect(found).toEqual([expect.stringMatching(/^problem: PostgreSQL at 127\.0\.0\.1:\d+\/x .*ECONNREFUSED/)]);
    expect(found.join()).not.toContain('canary');
  });

  it('does not start the embedded one', async () => {
    expect(await said(databaseCheck)).toEqual([
      { verdict: 'ok', message: expect.stringContaining('does not run, so nothing in it was looked at') },
    ]);
    expect(await readdir(place)).toEqual([]);
  });

  it('finds a role that row-level security does not hold, and one that is missing', async () => {
    expect(await damaged('alter role doctored_app bypassrls', 'alter role doctored_app nobypassrls')).toEqual([
      expect.stringMatching(/^problem: The role doctored_app is a superuser or has BYPASSRLS/),
    ]);
    expect(
      await damaged(
        'alter role doctored_app rename to doctored_gone',
        'alter role doctored_gone rename to doctored_app',
      ),
    ).toEqual([expect.stringMatching(/^problem: The database lacks the roles doctored_app\. → Run "stack migrate"/)]);
  });

  it('finds a table whose tenants are not kept apart', async () => {
    const table = 'alter table doctored.notes';
    expect(await damaged(`${table} no force row level security`, `${table} force row level security`)).toEqual([
      expect.stringMatching(/^problem: Tenant isolation of doctored\.notes \(row-level-security\)/),
    ]);
  });

  it('finds migrations that are pending, changed, and unknown to this code', async () => {
    const ledger = 'doctored._prisma_migrations';
    const [{ migration_name: name, checksum }] = (await client.query(`select * from ${ledger}`)).rows;
    expect(
      await damaged(`update ${ledger} set checksum = 'x'`, `update ${ledger} set checksum = '${checksum}'`),
    ).toEqual([
      expect.stringMatching(/^problem: "doctored": 20261121000000_notes was changed after it had been applied/),
    ]);
    expect(
      await damaged(
        `update ${ledger} set migration_name = '20990101000000_later'`,
        `update ${ledger} set migration_name = '${name}'`,
      ),
    ).toEqual([
      expect.stringMatching(/^warning: "doctored": the database has 20990101000000_later, and this code does not/),
      expect.stringMatching(/^warning: "doctored" lacks the migrations 20261121000000_notes/),
    ]);
  });
});

describe('stack doctor, of the job store', () => {
  const mongo = () => `mongodb://me:canary@127.0.0.1:${deadPort}/jobs?serverSelectionTimeoutMS=100`;

  it('says where jobs are kept', async () => {
    expect(await said(jobStoreCheck, { DATABASE_URL: databaseUrl })).toEqual([
      { verdict: 'ok', message: 'MONGODB_URI is not set: jobs are kept in PostgreSQL.' },
    ]);
  });

  it('finds a MongoDB that is down, and one that is set beside a job store in PostgreSQL', async () => {
    const [down] = await wrong(jobStoreCheck, { MONGODB_URI: mongo() });
    expect(down).toMatch(/^problem: MongoDB at 127\.0\.0\.1:\d+ \(database "jobs"\) is not there: .*ECONNREFUSED/);
    expect(down).not.toContain('canary');
    expect(await wrong(settingsCheck, { MONGODB_URI: mongo(), JOBS_DATABASE_URL: databaseUrl })).toEqual([
      expect.stringMatching(
        /^problem: MONGODB_URI and JOBS_DATABASE_URL are both set, and jobs are kept in one place\./,
      ),
    ]);
  });

  it('finds jobs that wait in PostgreSQL while MongoDB is set, and a store that jobs have left', async () => {
    const jobs = await createTestDatabase('job store', async (url) => {
      await ensureRoles(url, new URL(url).password, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
      await migrateJobStore(url);
    });
    const owner = new pg.Client({ connectionString: jobs.url });
    await owner.connect();
    try {
      await owner.query(
        `select jobs.insert_jobs('[{"id": "01900000-0000-7000-8000-000000000001", "name": "a.b", "payload": {}, "correlationId": "c"}]')`,
      );
      expect(await wrong(jobStoreCheck, { MONGODB_URI: mongo(), DATABASE_URL: jobs.url })).toEqual([
        expect.stringMatching(/^problem: MongoDB/),
        'warning: 1 job waits in PostgreSQL, where nobody runs it while MONGODB_URI is set. → Stop the stack, and run: stack jobs move --from postgres --to mongodb',
      ]);
      await owner.query(
        `insert into jobs.move (move, other, other_id, why, stage) values (gen_random_uuid(), 'there', 't', 'They were moved.', 'left')`,
      );
      expect(await wrong(jobStoreCheck, { DATABASE_URL: jobs.url })).toEqual([
        'problem: They were moved. → No worker starts before that. To begin anew without them, see docs/jobs.md.',
      ]);
    } finally {
      await owner.end();
      await jobs.drop();
    }
  });
});

describe('stack doctor, of services', () => {
  /** Says what a NATS server says, and answers CONNECT and PING. */
  const nats = (info: object, answer: string): Server =>
    createServer((socket) => {
      socket.write(`INFO ${JSON.stringify({ version: '2.10.1', ...info })} \r\n`);
      socket.on('data', (text) => String(text).includes('PING') && socket.write(answer));
      socket.on('error', () => undefined);
    });
  const found = (server: Server): Promise<string[]> =>
    listening(server, ({ port }) => wrong(servicesCheck, { NATS_URL: `nats://me:canary@127.0.0.1:${port}` }));

  it('finds a NATS server that is down, refuses the credentials, or keeps nothing', async () => {
    expect(await found(nats({ jetstream: true }, 'PONG\r\n'))).toEqual([]);
    expect(await found(nats({}, 'PONG\r\n'))).toEqual([expect.stringMatching(/has no JetStream/)]);
    expect(await found(nats({ jetstream: true }, "-ERR 'Authorization Violation'\r\n"))).toEqual([
      expect.stringMatching(/^problem: NATS_URL is set, and NATS at 127.* cannot be used: Authorization Violation\./),
    ]);
    const down = await wrong(servicesCheck, { NATS_URL: `nats://canary@127.0.0.1:${deadPort}` });
    expect(down).toEqual([expect.stringMatching(/ECONNREFUSED.*: no part that uses it starts before that\.$/)]);
    expect(down.join()).not.toContain('canary');
  });

  it('finds a Redis that is down, and shows no password', async () => {
    expect(await wrong(servicesCheck, { REDIS_URL: `redis://:canary@127.0.0.1:${deadPort}` })).toEqual([
      `problem: REDIS_URL is set, and Redis at 127.0.0.1:${deadPort} cannot be used: connection refused. → Start it, correct REDIS_URL, or unset it: no gateway that limits rates starts before that.`,
    ]);
  });

  it('warns of a Redis that is down where no gateway asks it', async () => {
    const notAsked = { REDIS_URL: `redis://127.0.0.1:${deadPort}`, RATE_LIMITS: 'off' };
    expect(await wrong(servicesCheck, notAsked)).toEqual([
      `warning: REDIS_URL is set, and Redis at 127.0.0.1:${deadPort} cannot be used: connection refused. → Unset it, or start it before rates are limited: with RATE_LIMITS=off no gateway asks it.`,
    ]);
  });

  it('finds a bucket that cannot be used, and a folder that others can write to', async () => {
    const s3 = {
      S3_ENDPOINT: `http://127.0.0.1:${deadPort}`,
      S3_BUCKET: 'files',
      S3_ACCESS_KEY_ID: 'canary-id',
      S3_SECRET_ACCESS_KEY: 'canary-key',
    };
    const bucket = await wrong(servicesCheck, s3);
    expect(bucket).toEqual([expect.stringMatching(/^problem: Files cannot be kept in the bucket "files" at 127/)]);
    expect(bucket.join()).not.toContain('canary');
    await mkdir(join(place, 'files'));
    await chmod(join(place, 'files'), 0o777);
    expect(await wrong(servicesCheck, { FILES_DIR: join(place, 'files') })).toEqual([
      expect.stringMatching(/^problem: Other users can write to the folder .*files/),
    ]);
  });
});

describe('stack doctor, of ports and of a stack that runs', () => {
  it('finds who has a port, without how it was started', async () => {
    await listening(createServer(), async ({ port }) => {
      expect(await wrong(portsCheck, { PORT: String(port) })).toEqual([
        expect.stringMatching(
          process.platform === 'linux'
            ? new RegExp(`^problem: Port ${port} \\(PORT\\) is taken by \\S+ \\(process ${process.pid}\\)\\. → Choose`)
            : /is taken/,
        ),
      ]);
    });
  });

  it('takes METRICS_PORT for that of a stack that runs where metrics of ours are served, and of nobody else', async () => {
    const telling = (text: string): Server => createHttpServer((_request, response) => void response.end(text));
    const look = (text: string) =>
      listening(telling(text), async ({ port }) => {
        told = await wrong(portsCheck, { PORT: '0', METRICS_PORT: String(port) });
      });
    let told: string[] = [];
    await look('# HELP stack_sign_ins_total Sign-ins.\nstack_sign_ins_total 1\n');
    expect(told).toEqual([]);
    await look('# HELP node_load1 Load.\nnode_load1 1\n');
    expect(told).toEqual([expect.stringMatching(/^problem: Port \d+ \(METRICS_PORT\) is taken/)]);
  });

  it('finds a stack that is not ready, and says why; one that is ready has its port', async () => {
    const stack = (report: object): Server =>
      createHttpServer((_request, response) => void response.end(JSON.stringify(report)));
    const parts = [{ name: 'worker', ready: false, reason: 'its lease is lost' }];
    await listening(stack({ status: 'not ready', parts }), async ({ port }) => {
      expect(await wrong(runningStackCheck, { PORT: String(port) })).toEqual([
        expect.stringMatching(/^problem: The stack at 127.* is not ready: worker: its lease is lost\./),
      ]);
      expect(await wrong(portsCheck, { PORT: String(port) })).toEqual([]);
    });
    await listening(stack({ status: 'ready', parts: [{ ...parts[0], ready: true }] }), async ({ port }) => {
      expect(await wrong(runningStackCheck, { PORT: String(port) })).toEqual([]);
    });
    expect(await wrong(runningStackCheck, { IDENTITY_URL: `http://127.0.0.1:${deadPort}` })).toEqual([
      expect.stringMatching(/^problem: identity does not answer at 127.*, which IDENTITY_URL names\. → Start identity/),
    ]);
  });
});

describe('stack doctor, of the supergraph and its registry', () => {
  async function configOf(text: string): Promise<Record<string, string>> {
    await writeFile(join(place, 'supergraph.yaml'), text);
    return { SUPERGRAPH_CONFIG: join(place, 'supergraph.yaml') };
  }

  it('finds a file that is none, a module that does not load, and schemas that do not compose', async () => {
    expect(await wrong(supergraphCheck)).toEqual([]);
    expect(await wrong(supergraphCheck, await configOf('subgraphs: ['))).toEqual([
      expect.stringMatching(/^problem: .*supergraph\.yaml/),
    ]);
    await writeFile(join(folder, 'broken.mjs'), 'throw new Error("half-written");');
    expect(await wrong(supergraphCheck, await configOf(supergraphOf('broken.mjs')))).toEqual([
      expect.stringMatching(
        /^problem: The module ".*broken\.mjs" of product "doctored" cannot be loaded: half-written/,
      ),
    ]);
    await writeFile(join(place, 'broken.graphql'), 'type Query { a: Nothing }');
    const broken = await configOf(supergraphOf('product.mjs', join(place, 'broken.graphql')));
    expect(await wrong(supergraphCheck, broken)).toEqual([
      expect.stringMatching(/^problem: .*Nothing.* → Run "stack compose"/s),
    ]);
  });

  it('finds a published version that is not what the files compose to', async () => {
    const env = { DATABASE_URL: databaseUrl };
    expect((await said(registryCheck, env)).map(({ message }) => message)).toEqual([
      'Nothing was published: gateways serve what supergraph.yaml composes to.',
    ]);
    await client.query(`
      insert into operations.schema_texts (sha256, text) values (repeat('a', 64), 'type Query { a: Int }');
      insert into operations.schema_versions (number, supergraph_sha256, created_at, created_by) values (1, repeat('a', 64), now(), 'ada');
      insert into operations.schema_publications (id, position, version, kind, at, by, forced, findings)
        values (gen_random_uuid(), 1, 1, 'publish', '2026-11-22T09:00:00Z', 'ada', false, '{}')`);
    expect(await wrong(registryCheck, env)).toEqual([
      expect.stringMatching(
        /^warning: Version 1 is published, since 2026-11-22T09:00:00\.000Z by ada, and supergraph\.yaml composes to something else/,
      ),
    ]);
  });
});

describe('stack doctor, of core-identity and of clocks', () => {
  const env = (): Record<string, string> => ({ DATABASE_URL: databaseUrl });

  it('finds that no key signs, and that PUBLIC_URL is not who issues tokens', async () => {
    expect(await wrong(identityCheck, env())).toEqual([]);
    await client.query(`
      insert into identity.signing_keys (kid, state, public_jwk, sealed_private) values ('k1', 'retired', '{}', '\\x00');
      insert into identity.settings (key, value) values ('issuer', '"https://graph.example.com"')`);
    expect(await wrong(identityCheck, { ...env(), PUBLIC_URL: 'https://other.example.com' })).toEqual([
      expect.stringMatching(/^problem: 0 signing keys are current, and it must be one: k1 retired/),
      expect.stringMatching(/^warning: PUBLIC_URL is https:\/\/other.*, and tokens are issued by https:\/\/graph/),
    ]);
    await client.query("update identity.signing_keys set state = 'current'");
    expect(await wrong(identityCheck, env())).toEqual([]);
  });

  it('finds a clock that is wrong, and the offset of a test', async () => {
    expect(await wrong(clockCheck(), env())).toEqual([]);
    expect(
      await wrong(
        clockCheck(() => Date.now() - 10_000),
        env(),
      ),
    ).toEqual([expect.stringMatching(/^warning: The database's clock is (9|10)\.\d s ahead of this one/)]);
    expect(
      await wrong(
        clockCheck(() => Date.now() + 60_000),
        env(),
      ),
    ).toEqual([expect.stringMatching(/^problem: The database's clock is (59|60)\.\d s behind this one/)]);
    await client.query("update doctored.clock set ahead = '1 hour'");
    expect(await wrong(clockCheck(), env())).toEqual([
      expect.stringMatching(/^warning: Time in "doctored" is set ahead by 01:00:00/),
    ]);
    await client.query("update doctored.clock set ahead = '0'");
  });
});

describe('stack doctor, of what is installed and what git knows', () => {
  const PACKAGES = {
    '': {},
    a: { name: '@own/a' },
    'node_modules/@own/a': { resolved: 'a', link: true },
    'node_modules/zod': { version: '4.6.7' },
    'node_modules/fsevents': { version: '2.0.0', optional: true },
    'node_modules/jest': { version: '30.5.2', dev: true },
    'node_modules/esbuild': { version: '0.28.2', dev: true },
  };
  async function cloneOf(locked: object, installed: object | null, workspaces = ['a']): Promise<string> {
    await mkdir(join(place, 'node_modules/@own'), { recursive: true });
    await mkdir(join(place, 'a'), { recursive: true });
    await symlink('../../a', join(place, 'node_modules/@own/a')).catch(() => undefined);
    const files = { 'package.json': { workspaces }, 'package-lock.json': { packages: locked } };
    for (const [name, content] of Object.entries({
      ...files,
      ...(installed && { 'node_modules/.package-lock.json': { packages: installed } }),
    }))
      await writeFile(join(place, name), JSON.stringify(content));
    return place;
  }
  const check = async (...args: Parameters<typeof cloneOf>) =>
    wrong(installedCheck, {}, { root: await cloneOf(...args) });

  it('finds packages of another version, a workspace without a link, and one the lock file does not know', async () => {
    // Of another platform: it is not here, and that is well.
    const installed = Object.fromEntries(Object.entries(PACKAGES).filter(([path]) => !path.endsWith('fsevents')));
    expect(await check(PACKAGES, null)).toEqual(['problem: Nothing is installed. → Run: npm ci']);
    expect(await check(PACKAGES, installed)).toEqual([]);
    expect(await check(PACKAGES, { ...installed, 'node_modules/zod': { version: '4.0.0' } })).toEqual([
      'warning: node_modules is not what package-lock.json says: zod is 4.0.0, not 4.6.7. → Run: npm ci',
    ]);
    expect(await check(PACKAGES, installed, ['a', 'b'])).toEqual([
      expect.stringMatching(/^problem: package-lock\.json does not know b, which package\.json lists/),
    ]);
    const without = (tools: RegExp) =>
      Object.fromEntries(Object.entries(installed).filter(([path]) => !tools.test(path)));
    expect(await check(PACKAGES, without(/jest/))).toEqual([expect.stringContaining('jest 30.5.2 is missing')]);
    expect(await check(PACKAGES, without(/jest|esbuild/))).toEqual([]); // npm ci --omit=dev
    await rm(join(place, 'node_modules/@own/a'));
    await mkdir(join(place, 'node_modules/@own/a'));
    expect(await check(PACKAGES, installed)).toEqual([
      'problem: node_modules/@own/a does not lead to the workspace. → Run: npm ci',
    ]);
  });

  it('finds made files in git, and migrations that were changed after they had been committed', async () => {
    const look = (): Promise<string[]> => wrong(gitCheck, {}, { root: place });
    expect(await look()).toEqual([]);
    const git = (...args: string[]) =>
      promisify(execFile)('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: place });
    await git('init', '--quiet');
    const files = ['a/dist/x.js', 'a/prisma/migrations/1_a/migration.sql', 'package-lock.json'];
    for (const file of files) {
      await mkdir(join(place, file, '..'), { recursive: true });
      await writeFile(join(place, file), 'one');
    }
    await git('add', '--all');
    await git('commit', '--quiet', '-m', 'all');
    for (const file of files) await writeFile(join(place, file), 'two');
    expect(await look()).toEqual([
      expect.stringMatching(/^problem: Files that every start makes anew are in git: a\/dist\/x\.js/),
      expect.stringMatching(/^problem: Migrations that are committed were changed: a\/prisma\/migrations\/1_a/),
      expect.stringMatching(/^warning: package-lock\.json was changed and package\.json was not/),
    ]);
  });
});

describe('stack doctor', () => {
  const doctor = (env: Record<string, string>, ...flags: string[]) =>
    runCommand([doctorCommand], { root: folder, env: environment(env) }, ['doctor', ...flags]);

  it('gives no check more than its time, and lets none that fails hide another', async () => {
    const never: Check = { name: 'never', run: () => new Promise(() => undefined) };
    expect(await said(never, {}, { withinMs: 20 })).toEqual([
      { verdict: 'problem', message: 'This was not known after 0.02 s.', remedy: expect.stringContaining('"never"') },
    ]);
    const thrown: Check = { name: 'thrown', run: () => Promise.reject(new Error('no such file')) };
    expect(await wrong(thrown)).toEqual([expect.stringMatching(/^problem: This could not be found out: no such file/)]);
  });

  it('shows none of the secrets it comes by, whatever is wrong with them', async () => {
    const secrets = {
      STACK_SECRET: `canary-stack-secret-${'x'.repeat(32)}`,
      STACK_DEMO_PASSWORD: 'canary demo password',
      STACK_TOKEN: 'canary-token',
      DATABASE_URL: `postgres://canaryless:canary%20database@127.0.0.1:${deadPort}/x?application_name=canary-search`,
      DOCTORED_DATABASE_URL: `postgres://app:canary-app@127.0.0.1:${deadPort}/x`,
      DOCTORED_SYSTEM_DATABASE_URL: `postgres://system:canary-system@127.0.0.1:${deadPort}/x`,
      NATS_URL: `nats://canary-nats-token@127.0.0.1:${deadPort}`,
      MONGODB_URI: `mongodb://me:canary-mongo@127.0.0.1:${deadPort},127.0.0.1:1/jobs?appName=canary-app-name&serverSelectionTimeoutMS=100`,
      S3_ENDPOINT: `http://127.0.0.1:${deadPort}`,
      S3_BUCKET: 'files',
      S3_ACCESS_KEY_ID: 'canary-key-id',
      S3_SECRET_ACCESS_KEY: 'canary-key',
    };
    const text = await doctor(secrets);
    const json = await doctor(secrets, '--json');
    for (const { printed, complained, exitCode } of [text, json]) {
      expect(`${printed}${complained}`.replaceAll('canaryless', '')).not.toMatch(/canary/);
      expect(exitCode).toBe(1);
    }
    expect(text.printed).toMatch(/\n\d+ problems, \d+ warnings?\.\n$/);
    const { ok, verdict, checks } = JSON.parse(json.printed) as { ok: boolean; verdict: string; checks: object[] };
    expect({ ok, verdict, checks: checks.map((check) => (check as { check: string }).check) }).toEqual({
      ok: false,
      verdict: 'problem',
      checks: EVERY_CHECK.map(({ name }) => name),
    });
  });

  it('reports settings that cannot be read as a problem, and looks at the rest', async () => {
    const { printed, exitCode } = await doctor({ LOG_LEVEL: 'loud' });
    expect(exitCode).toBe(1);
    expect(printed).toContain('  PROBLEM  LOG_LEVEL ("loud") cannot be used');
    expect(printed).toContain('machine\n  ok       Node');
  });
});
