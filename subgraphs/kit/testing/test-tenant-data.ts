import { gunzipSync } from 'node:zlib';
import type { DataPart, DataTask, TenantId, UserId } from '@inevitable/contract';
import type { Logger } from 'pino';
import { openSystemPool, type ProductDatabase } from '../database/index.js';
import { deleteEveryFile } from '../files/every-file.js';
import type { FileStore } from '../files/file-store.js';
import { newId } from '../graph/new-id.js';
import { openJobStore } from '../jobs/store/open-job-storage.js';
import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';
import { indexKey, type ArchivedFile } from '../tenant-data/archive-writer.js';
import { countLeft } from '../tenant-data/count-left.js';
import { exportFiles } from '../tenant-data/export-files.js';
import { undeclaredTables } from '../tenant-data/export-part.js';
import { performDataTask, type DataResources } from '../tenant-data/perform-data-task.js';
import { declaredData } from '../tenant-data/tenant-data.js';
import { readTenantTables } from '../tenant-data/tenant-tables.js';

/** What a product added to an archive, read back. */
export interface ExportedPart extends DataPart {
  /** The rows of each table that has any. */
  readonly tables: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  /** The product's own files, by their keys. */
  readonly contents: Readonly<Record<string, Uint8Array>>;
}

/** What core-identity orders of tenants and people, done at once as the product's worker would. */
export interface TestTenantData {
  export(tenantId: TenantId, userId?: UserId): Promise<ExportedPart>;
  erase(tenantId: TenantId, userId?: UserId): Promise<DataPart>;
  /** What the product has of a tenant: by table, files and jobs. */
  left(tenantId: TenantId): Promise<Readonly<Record<string, number>>>;
  /** Where the declaration and the database do not agree; each a sentence. */
  undeclared(): Promise<readonly string[]>;
}

interface TestedProduct {
  readonly declaration: SubgraphDeclaration;
  readonly database: ProductDatabase;
  readonly files: FileStore;
  readonly systemUrl: string;
  readonly jobStoreUrl: string;
  readonly log: Logger;
}

export function testTenantData({ systemUrl, jobStoreUrl, log, ...product }: TestedProduct): TestTenantData {
  const { declaration, files } = product;
  const withResources = async <T>(work: (resources: DataResources) => Promise<T>): Promise<T> => {
    const systemPool = openSystemPool(declaration.name, systemUrl);
    const jobs = await openJobStore(jobStoreUrl, log);
    try {
      return await work({ ...product, systemPool, jobs });
    } finally {
      await jobs.close();
      await systemPool.end();
    }
  };
  const taskOf = (kind: DataTask['kind'], tenantId: TenantId, userId: UserId | undefined): DataTask => ({
    orderId: newId(),
    kind,
    tenantId,
    userId: userId ?? null,
  });
  return {
    export: (tenantId, userId) =>
      withResources(async (resources) => {
        const task = taskOf('export', tenantId, userId);
        const part = await performDataTask(task, resources);
        return { ...part, ...(await readBack(task, part.index!, declaration.name, files)) };
      }),
    erase: (tenantId, userId) =>
      withResources((resources) => performDataTask(taskOf('erase', tenantId, userId), resources)),
    left: (tenantId) => withResources((resources) => countLeft(declaration.name, tenantId, resources)),
    undeclared: () =>
      withResources(async ({ systemPool }) =>
        undeclaredTables(
          declaration.name,
          await readTenantTables(systemPool, declaration.name),
          declaredData(declaration),
        ),
      ),
  };
}

async function readBack(
  { orderId, tenantId, userId }: DataTask,
  list: string,
  product: string,
  store: FileStore,
): Promise<Pick<ExportedPart, 'tables' | 'contents'>> {
  const files = exportFiles(store, userId === null ? tenantId : null, orderId);
  const read = async (key: string): Promise<Uint8Array> =>
    new Uint8Array(await new Response((await files.read(key))!.body).arrayBuffer());
  const index = await read(indexKey(`${product}/${tenantId}`, list));
  const tables: Record<string, Record<string, unknown>[]> = {};
  const contents: Record<string, Uint8Array> = {};
  for (const { path, key, rows } of JSON.parse(Buffer.from(index).toString()) as ArchivedFile[]) {
    const bytes = await read(key);
    const name = path.slice(path.indexOf(`${product}/`) + product.length + 1);
    if (rows === undefined) contents[name.slice('files/'.length)] = bytes;
    else {
      const lines = gunzipSync(bytes).toString().trimEnd().split('\n');
      (tables[name.split('.')[0]!] ??= []).push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
    }
  }
  await deleteEveryFile(files);
  return { tables, contents };
}
