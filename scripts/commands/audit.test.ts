import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import type { AuditRecord } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import pg from 'pg';
import { Closers } from '../parts/closers.js';
import { seedDemo } from '../parts/identity.js';
import { openForOperator } from '../parts/open-for-operator.js';
import { runCommand, worldIn } from '../test-support/run-command.js';
import { auditCommand } from './audit.js';
import { ExitCode } from './command.js';

let folder: string;
let database: TestDatabase;
let owner: pg.Pool;
let env: NodeJS.ProcessEnv;
let acme: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-audit-'));
  database = await createTestDatabase('empty', () => Promise.resolve());
  owner = new pg.Pool({ connectionString: database.url, options: '-c search_path=identity', max: 1 });
  owner.on('error', () => undefined); // ended, and yet told of the drop of its database
  env = {
    DATA_DIR: join(folder, 'data'),
    DATABASE_URL: database.url,
    SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml'),
    STACK_DEMO_PASSWORD: 'correct horse battery staple',
    LOG_LEVEL: 'silent',
  };
  await writeFile(
    join(folder, 'supergraph.yaml'),
    'subgraphs:\n  identity: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: identity.graphql } }\n',
  );
  const closers = new Closers();
  try {
    const { settings, identity } = await openForOperator(worldIn({ root: folder, env }), closers);
    await seedDemo(settings, identity);
    acme = (await identity.findTenantOfSlug('acme'))!.id;
    const { id: globex } = (await identity.findTenantOfSlug('globex'))!;
    await identity.ports.audit.append([acme, globex, acme, null, acme].map(recordOf));
  } finally {
    await closers.closeAll();
  }
});
afterAll(async () => {
  await owner.end();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const recordOf = (tenantId: string | null, index: number): AuditRecord => ({
  id: newId(),
  tenantId,
  action: index === 4 ? 'starter.deleteNote' : 'starter.createNote',
  outcome: 'success',
  reason: null,
  occurredAt: `2030-01-0${index + 1}T00:00:00.000Z`,
  actor: { kind: 'service', id: 'tests' },
  onBehalfOf: null,
  sessionId: null,
  requestId: 'r',
  subjects: [],
  leftOut: 0,
  client: { address: '192.0.2.7', agent: null },
});

const stack = (...args: string[]) => runCommand([auditCommand], { root: folder, env }, args);
const json = async (...args: string[]) => {
  const { printed, exitCode, error } = await stack('audit', ...args, '--json');
  expect(error).toBeNull();
  return { exitCode, ...(JSON.parse(printed) as { ok: boolean; chains: object[]; events: object[]; heads: object[] }) };
};
/** Of the last event of acme. */
const last = 'tenant_id = $1 and sequence = (select sequence from audit_heads where tenant_id = $1)';

describe('stack audit', () => {
  it('list prints the latest events of a tenant, the oldest first', async () => {
    const { printed, exitCode } = await stack('audit', 'list', '--tenant', 'acme', '--last', '2');
    expect(exitCode).toBe(ExitCode.Ok);
    expect(printed.replaceAll(/^\d+ /gm, '')).toBe(
      '2030-01-03T00:00:00.000Z starter.createNote success by service tests from 192.0.2.7\n' +
        '2030-01-05T00:00:00.000Z starter.deleteNote success by service tests from 192.0.2.7\n',
    );
    const { events } = await json('list', '--tenant', acme, '--action', 'starter.deleteNote');
    expect(events).toMatchObject([{ action: 'starter.deleteNote', tenant: acme, data: { address: '192.0.2.7' } }]);
    expect(await stack('audit', 'list')).toMatchObject({ exitCode: ExitCode.CouldNotRun });
  });

  it('verify says of every chain that it holds, with the head that "head" prints', async () => {
    const heads = (await stack('audit', 'head')).printed.trim().split('\n');
    const { exitCode, printed } = await stack('audit', 'verify');
    expect(exitCode).toBe(ExitCode.Ok);
    expect(printed.trim().split('\n')).toEqual(
      heads.map((head) => {
        const [name, at] = head.split(' ');
        return `${name}: ${at!.split(':')[0]} events hold, up to ${at}`;
      }),
    );
    expect(heads.map((head) => head.split(' ')[0]).sort()).toEqual(['acme', 'globex', 'platform']);
  });

  it('verify names the first broken link of a chain, and the others hold', async () => {
    const { rows } = await owner.query<{ id: string; record: string; sequence: string }>(
      `select id, record, sequence from audit_events where ${last}`,
      [acme],
    );
    await owner.query(`update audit_events set record = replace(record, 'tests', 'nobody') where ${last}`, [acme]);
    try {
      const { id, sequence } = rows[0]!;
      const { exitCode, printed } = await stack('audit', 'verify');
      expect(exitCode).toBe(ExitCode.Findings);
      expect(printed).toContain(
        `acme: BROKEN at event ${sequence} (${id}), which does not follow from the one before: its record or its hash was changed\n`,
      );
      expect(await json('verify', '--tenant', 'acme')).toMatchObject({
        exitCode: ExitCode.Findings,
        ok: false,
        chains: [{ id: acme, slug: 'acme', broken: { sequence: Number(sequence), id } }],
      });
      expect(await json('verify', '--tenant', 'globex')).toMatchObject({ exitCode: ExitCode.Ok, ok: true });
      expect(await json('verify', '--platform')).toMatchObject({ exitCode: ExitCode.Ok, ok: true });
    } finally {
      await owner.query(`update audit_events set record = $2 where ${last}`, [acme, rows[0]!.record]);
    }
  });

  it('verify finds by a head that was kept that the end of a chain was cut off', async () => {
    const [, head] = (await stack('audit', 'head', '--tenant', 'acme')).printed.trim().split(' ');
    expect(await json('verify', '--tenant', 'acme', '--head', head!)).toMatchObject({ ok: true });
    await owner.query(`delete from audit_events where ${last}`, [acme]);
    await owner.query(
      `update audit_heads set (sequence, hash) =
         (select sequence, hash from audit_events where tenant_id = $1 order by sequence desc limit 1) where tenant_id = $1`,
      [acme],
    );
    expect(await json('verify', '--tenant', 'acme')).toMatchObject({ ok: true });
    const { exitCode, printed } = await stack('audit', 'verify', '--tenant', 'acme', '--head', head!);
    expect(exitCode).toBe(ExitCode.Findings);
    expect(printed).toMatch(/^acme: BROKEN at event \d+, which is missing: the chain once had \d+ events\n$/);
  });

  it('says so where it cannot look: a tenant nobody knows, a head that is none, a head of no chain', async () => {
    expect(await stack('audit', 'verify', '--tenant', 'nobody')).toMatchObject({
      exitCode: ExitCode.CouldNotRun,
      error: 'There is no chain of a tenant "nobody": nothing was done in it yet, or there is none.',
    });
    for (const args of [
      ['--tenant', 'acme', '--head', '7'],
      ['--head', `7:${'a'.repeat(64)}`],
    ])
      expect(await stack('audit', 'verify', ...args)).toMatchObject({ exitCode: ExitCode.CouldNotRun });
  });
});
