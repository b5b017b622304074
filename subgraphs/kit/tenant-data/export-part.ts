import type { DataPart, DataTask } from '@inevitable/contract';
import pg from 'pg';
import type { TenantHandle } from '../database/index.js';
import { everyFile } from '../files/every-file.js';
import { tenantFiles } from '../files/tenant-files.js';
import { archiveWriter, type ArchiveWriter } from './archive-writer.js';
import { cursorLines, type SendStatement } from './cursor-lines.js';
import { exportFiles } from './export-files.js';
import { declaredData, type TenantData } from './tenant-data.js';
import type { DataResources } from './perform-data-task.js';
import { readTenantTables, type TenantTable } from './tenant-tables.js';

/** Of the kit: what is in it has been sent, or will be. */
const OUTBOX = 'outbox';
/**
 * Writes what a product contributes to an archive: the rows that its own code may read, by the role its own code has, bound to
 * the tenant; and of a tenant, its files. Each table as it is at one moment. Throws where the declaration and the database
 * do not agree: an archive with a gap would look like a whole one.
 */
export async function exportPart(task: DataTask, resources: DataResources): Promise<DataPart> {
  const { declaration, systemPool, files: store, signal } = resources;
  const { name: product } = declaration;
  const tenantData = declaredData(declaration);
  const tables = await readTenantTables(systemPool, product);
  assertDeclared(product, tables, tenantData);
  // A person's export has parts of several tenants.
  const files = exportFiles(store, task.userId === null ? task.tenantId : null, task.orderId);
  const part = archiveWriter(
    files,
    `${product}/${task.tenantId}`,
    task.userId === null ? product : `${task.tenantId}/${product}`,
  );
  let rows = 0;
  for (const table of tables) {
    const declared = tenantData[table.name];
    if (!declared || declared.leftOut !== undefined) continue;
    if (task.userId !== null && declared.personColumn === undefined) continue;
    signal?.throwIfAborted();
    const person = task.userId === null ? null : { column: declared.personColumn!, id: task.userId };
    rows += await exportTable({ table, person, tenantId: task.tenantId }, resources, part);
  }
  const count = task.userId === null ? await exportFilesOf(task, resources, part) : 0;
  const { index } = await part.finish();
  return { rows, files: count, jobs: 0, index };
}

/** Each difference between what a product declares and what its database has, as a sentence. */
export function undeclaredTables(product: string, tables: readonly TenantTable[], declared: TenantData): string[] {
  const names = tables.map(({ name }) => name).filter((name) => name !== OUTBOX);
  return [
    ...names
      .filter((name) => !Object.hasOwn(declared, name))
      .map((name) => `"${product}" does not say in its tenantData what becomes of the rows of "${name}".`),
    ...Object.keys(declared)
      .filter((name) => !names.includes(name))
      .map((name) => `"${product}" names "${name}" in its tenantData, and has no such tenant table.`),
  ];
}

function assertDeclared(product: string, tables: readonly TenantTable[], declared: TenantData): void {
  const findings = undeclaredTables(product, tables, declared);
  if (findings.length) throw new Error(findings.join(' '));
}

interface TableToExport {
  readonly table: TenantTable;
  readonly person: { readonly column: string; readonly id: string } | null;
  readonly tenantId: string;
}

function exportTable(
  { table, person, tenantId }: TableToExport,
  { database, signal }: DataResources,
  part: ArchiveWriter,
): Promise<number> {
  return database.transaction(tenantId, async ({ statement }) => {
    const send: SendStatement = async (text, values = []) => (await statement({ text, values: [...values] })).rows;
    const columns = (await readableColumns(statement, table.name)).map(quoted).join(', ');
    const where = person ? `where ${quoted(person.column)} = $1` : '';
    const rows = `select ${columns} from ${quoted(table.name)} ${where} order by ${table.key.map(quoted).join(', ')}`;
    return part.lines(table.name, cursorLines(send, rows, person ? [person.id] : [], signal));
  });
}

/** What a product's own code may not read, such as a hash, leaves in no export either. */
async function readableColumns(
  statement: TenantHandle<unknown>['statement'],
  table: string,
): Promise<readonly string[]> {
  const { rows } = await statement({
    text: `select attname::text as name from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and has_column_privilege(attrelid, attnum, 'SELECT')
      order by attnum`,
    values: [quoted(table)],
  });
  return rows.map(({ name }: { name: string }) => name);
}

async function exportFilesOf(
  { tenantId }: DataTask,
  { declaration, files, signal }: DataResources,
  part: ArchiveWriter,
): Promise<number> {
  const own = tenantFiles(files, declaration.name, tenantId);
  let count = 0;
  for await (const { key } of everyFile(own)) {
    signal?.throwIfAborted();
    const content = await own.read(key);
    if (!content) continue; // deleted since it was listed
    await part.file(key, new Uint8Array(await new Response(content.body).arrayBuffer()));
    count += 1;
  }
  return count;
}

const quoted = pg.escapeIdentifier;
