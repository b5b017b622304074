import type { DataPart, DataTask } from '@inevitable/contract';
import pg, { type Pool } from 'pg';
import { deleteEveryFile } from '../files/every-file.js';
import { tenantFiles } from '../files/tenant-files.js';
import { countLeft } from './count-left.js';
import type { DataResources } from './perform-data-task.js';
import { declaredData } from './tenant-data.js';
import { readTenantTables } from './tenant-tables.js';

/** How many rows, or jobs, one statement removes at most: its locks are short. */
const BATCH = 5_000;

/** The tenant has work under way that ends by itself: it is erased once that is over. */
export class TenantStillBusy extends Error {}

/**
 * Removes everything a product keeps of a tenant: jobs first, so that none writes a row behind us; then rows, outbox included;
 * then files. Of a person: the rows that go with them. Looks again in the end.
 *
 * @throws TenantStillBusy  Error where anything is left, what and how much
 */
export async function erasePart(task: DataTask, resources: DataResources): Promise<DataPart> {
  if (task.userId !== null) return erasePerson(task.tenantId, task.userId, resources);
  const { declaration, systemPool, files: store, jobs: jobStore, signal } = resources;
  const { name: product } = declaration;
  let jobs = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { removed, running } = await jobStore.eraseTenant(product, task.tenantId, BATCH);
    jobs += removed;
    if (removed === BATCH) continue;
    if (running) throw new TenantStillBusy(`${running} jobs of "${product}" still run for tenant ${task.tenantId}.`);
    break;
  }
  let rows = 0;
  for (const { name } of await readTenantTables(systemPool, product))
    rows += await deleteRows(systemPool, { table: name, where: 'tenant_id = $1', values: [task.tenantId] }, signal);
  const files = await deleteEveryFile(tenantFiles(store, product, task.tenantId));
  const left = Object.entries(await countLeft(product, task.tenantId, resources)).filter(([, count]) => count > 0);
  if (left.length)
    throw new Error(
      `Of tenant ${task.tenantId}, "${product}" still has ${left.map(([what, count]) => `${count} in ${what}`).join(', ')}.`,
    );
  return { rows, files, jobs, index: null };
}

async function erasePerson(
  tenantId: string,
  userId: string,
  { declaration, systemPool, signal }: DataResources,
): Promise<DataPart> {
  const { name: product } = declaration;
  const tenantData = declaredData(declaration);
  let rows = 0;
  for (const { name } of await readTenantTables(systemPool, product)) {
    const { personColumn, goesWithPerson = false } = tenantData[name] ?? {};
    if (!goesWithPerson) continue;
    const where = `tenant_id = $1 and ${quoted(personColumn!)} = $2`;
    const theirs = { table: name, where, values: [tenantId, userId] };
    rows += await deleteRows(systemPool, theirs, signal);
    const left = await countRows(systemPool, theirs);
    if (left) throw new Error(`Of user ${userId}, "${product}" still has ${left} in table ${name}.`);
  }
  return { rows, files: 0, jobs: 0, index: null };
}

interface RowsToDelete {
  readonly table: string;
  readonly where: string;
  readonly values: readonly string[];
}

/**
 * By batches, and then once by the condition alone: a row that somebody changes while it is waited for has another ctid then, and
 * is not found by the one that it had. That last statement follows it, and has few rows to lock. What a trigger keeps is left.
 */
async function deleteRows(
  pool: Pool,
  { table, where, values }: RowsToDelete,
  signal: AbortSignal | undefined,
): Promise<number> {
  const name = quoted(table);
  const remove = async (which: string): Promise<number> =>
    (await pool.query(`delete from ${name} where ${which}`, [...values])).rowCount ?? 0;
  // The condition twice: a ctid is unique within one partition only.
  const batch = `${where} and ctid = any (array(select ctid from ${name} where ${where} limit ${BATCH}))`;
  let deleted = 0;
  for (;;) {
    signal?.throwIfAborted();
    const inBatch = await remove(batch);
    if (inBatch === 0) return deleted + (await remove(where));
    deleted += inBatch;
  }
}

async function countRows(pool: Pool, { table, where, values }: RowsToDelete): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    `select count(*)::int as count from ${quoted(table)} where ${where}`,
    [...values],
  );
  return rows[0]!.count;
}

const quoted = pg.escapeIdentifier;
