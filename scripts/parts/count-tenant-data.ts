import type { TenantId } from '@inevitable/contract';
import { operationsDatabase } from '@inevitable/operations';
import { countFiles, countLeft, openJobStore, openSystemPool, tenantFiles } from '@inevitable/kit/host';
import type { OperatorSide } from './open-for-operator.js';

/** By product, what it has of a tenant: rows by table, files, jobs. What is kept on purpose is not counted. */
export type TenantDataLeft = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Looks into every product's database, files and jobs, and asks none of their code. */
export async function countTenantData(
  tenantId: TenantId,
  { databases, products, identity, files, log }: OperatorSide,
): Promise<TenantDataLeft> {
  const { runnerUrl } = await databases.prepareJobStore();
  const jobs = await openJobStore(runnerUrl, log);
  try {
    const identityJobs = await jobs.countTenant('identity', tenantId);
    const left: Record<string, Readonly<Record<string, number>>> = {
      identity: {
        ...(await identity.tenantData.countLeft(tenantId)),
        files: await countFiles(tenantFiles(files, 'identity', tenantId)),
        jobs: identityJobs,
      },
    };
    for (const declared of [operationsDatabase, ...products.flatMap(({ database }) => database ?? [])]) {
      const { systemUrl } = await databases.prepare(declared);
      const systemPool = openSystemPool(declared.product, systemUrl);
      try {
        left[declared.product] = await countLeft(declared.product, tenantId, { systemPool, files, jobs });
      } finally {
        await systemPool.end();
      }
    }
    return left;
  } finally {
    await jobs.close();
  }
}
