import { newId, type CommandRun, type TenantEntitlements, type TenantFiles, type TenantId } from '@inevitable/kit';
import {
  JOB_STORE_SCHEMA,
  openJobDesk,
  roleUrl,
  tenantEntitlements,
  tenantFiles,
  tenantWork,
  type FileStore,
  type TenantHandle,
} from '@inevitable/kit/host';
import { testSubgraph, until, type TestEntitlements, type TestSubgraph } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';
import type { PlatformForgeWork } from '../context.js';
import type { PrismaClient } from '../generated/prisma/client.js';
import platformForge from '../subgraph.js';

export interface EndedRun {
  readonly state: string;
  readonly note: string | null;
  readonly error: string | null;
  /** Log lines of all attempts, with their levels in front. */
  readonly log: readonly string[];
}

/** One tenant, as a job's run or a command has it, and behind the product's back. */
export interface UpkeepTenant {
  readonly id: TenantId;
  readonly db: PlatformForgeWork['db'];
  readonly transaction: CommandRun<PrismaClient>['transaction'];
  readonly files: TenantFiles;
  readonly entitlements: TenantEntitlements;
}

export interface Upkeep {
  readonly product: TestSubgraph;
  /** As the database's owner: rows of every tenant. */
  rows<Row extends object>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  tenant(name: string): UpkeepTenant;
  /** Runs a job through the real worker, for one tenant or for none; with the payload `{}` unless told. */
  run(job: string, tenant?: string, payload?: object): Promise<EndedRun>;
  close(): Promise<void>;
}

/** PlatformForge with its worker, and its schedules paused: a test says what runs when. */
export async function openUpkeep(
  options: { readonly entitlements?: TestEntitlements; readonly files?: FileStore } = {},
): Promise<Upkeep> {
  const product = await testSubgraph(platformForge, options);
  const owner = new pg.Pool({ connectionString: product.ownerUrl, max: 2 });
  owner.on('error', () => undefined); // ended, and yet the server may drop the database before it reads the goodbye
  const secret = new URL(product.ownerUrl).password;
  const desk = await openJobDesk(
    roleUrl(product.ownerUrl, secret, JOB_STORE_SCHEMA, 'reader'),
    pino({ level: 'silent' }),
  );
  const rows: Upkeep['rows'] = async (statement, values = []) => (await owner.query(statement, [...values])).rows;
  const areScheduled = async () => (await rows('select from jobs.schedules')).length >= scheduledJobs;
  await until('the worker has declared its schedules', areScheduled);
  await rows('update jobs.schedules set paused_at = now()');

  return {
    product,
    rows,
    tenant(name) {
      const { context } = product.as({ tenant: name });
      const id = context.tenant!.id;
      return {
        id,
        db: (product.database.forTenant(id) as TenantHandle<PrismaClient>).db,
        transaction: (work) =>
          product.database.transaction(id, (handle) =>
            work(tenantWork(handle as TenantHandle<PrismaClient>, context, platformForge.events!)),
          ),
        files: tenantFiles(product.files, 'platformforge', id),
        entitlements: tenantEntitlements(id, product.entitlements),
      };
    },
    async run(name, tenant, payload = {}) {
      const id = newId();
      const tenantId = tenant === undefined ? null : product.as({ tenant }).context.tenant!.id;
      const order = { id, name, tenantId, payload, fansOut: false, correlationId: id, trace: null, onceKey: null };
      const outcome = await desk.run({ kind: 'all' }, order);
      if (outcome !== 'queued') throw new Error(`Job "${name}" was not queued: ${outcome}`);
      let ended: EndedRun | undefined;
      await until(`job "${name}" has ended`, async () => {
        [ended] = await rows<EndedRun>(
          `select state, note, error,
             array(select (line ->> 'level') || ': ' || (line ->> 'message')
               from jobs.attempts a, jsonb_array_elements(a.log) line where a.job_id = j.id order by a.fence) as log
           from jobs.jobs j where id = $1 and state in ('succeeded', 'dead', 'cancelled')`,
          [id],
        );
        return ended !== undefined;
      });
      return ended!;
    },
    async close() {
      await desk.close();
      await owner.end();
      await product.close();
    },
  };
}

/** Its own, and the kit's purge of the outbox. */
const scheduledJobs = platformForge.jobs!.filter(({ schedule }) => schedule).length + 1;
