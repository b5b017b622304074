import { OPEN_TASKS_PAGE, type DataTask, type TaskRef, type TenantDataPort } from '@inevitable/contract';
import { z } from 'zod';
import { defineJob, skipped, type JobDefinition } from '../jobs/define-job.js';
import { ownJobName } from '../jobs/own-job-name.js';
import { TenantStillBusy } from './erase-part.js';
import { performDataTask, type DataResources } from './perform-data-task.js';

/**
 * The kit's own job of every product with a database: `<product>.tenant-data`. It does what core-identity orders of tenants
 * and people: their export, their erasure. Throws `BadJob` where the product declares one of that name.
 */
export function tenantDataJob(resources: DataResources, orders: TenantDataPort): JobDefinition {
  const { name: product } = resources.declaration;
  return defineJob({
    name: ownJobName(resources.declaration, 'tenant-data'),
    description: 'Exports and erases what core-identity orders of tenants and people.',
    payload: z.object({}),
    schedule: { cron: '* * * * *', overlap: 'skip' },
    timeoutMs: 6 * 3_600_000,
    concurrency: { perWorker: 1, perProduct: 1 },
    async run({ signal, log, progress }) {
      const failures: Error[] = [];
      let tasks = 0;
      for await (const task of everyTask(orders, product)) {
        signal.throwIfAborted();
        tasks += 1;
        progress(0, `${tasks}: ${task.kind} of ${task.userId === null ? 'a tenant' : 'a person'}`);
        try {
          const part = await performDataTask(task, { ...resources, signal });
          await orders.done(product, task, part);
          log.info(`${task.kind} done`, { order: task.orderId, ofTenant: task.tenantId, ...part });
        } catch (error) {
          if (signal.aborted) throw error;
          // One tenant that cannot be served keeps no other waiting; its task stays open for the next run.
          if (error instanceof TenantStillBusy) log.info(error.message, { order: task.orderId });
          else failures.push(error as Error);
        }
      }
      if (failures.length) throw new AggregateError(failures, failures.map(({ message }) => message).join(' '));
      return tasks ? undefined : skipped('nothing is ordered');
    },
  });
}

async function* everyTask(orders: TenantDataPort, product: string): AsyncGenerator<DataTask> {
  for (let after: TaskRef | null = null; ;) {
    const page: readonly DataTask[] = await orders.open(product, after);
    yield* page;
    if (page.length < OPEN_TASKS_PAGE) return;
    const { orderId, tenantId } = page.at(-1)!;
    after = { orderId, tenantId };
  }
}
