import { newId } from '@inevitable/kit';
import {
  checkMongoJobs,
  ensureRoles,
  JOB_STORE_ROLES,
  JOB_STORE_SCHEMA,
  migrate,
  migrateJobStore,
  openJobStore,
  roleUrl,
} from '@inevitable/kit/host';
import { pino } from 'pino';
import type { Queue } from '../queue.js';
import { tenantIdOf, type SentJob } from '../sent-job.js';
import { DATABASE, jobName, PRODUCT } from './product.js';

const AT_ONCE = 1_000;

export const ours: Queue = {
  worker: new URL('./worker.js', import.meta.url),
  producer: new URL('./producer.js', import.meta.url),
  async prepare({ url, secret }) {
    await ensureRoles(url, secret, PRODUCT);
    await migrate(DATABASE, url);
    await ensureRoles(url, secret, JOB_STORE_SCHEMA, JOB_STORE_ROLES);
    await migrateJobStore(url);
  },
  async prepareMongo(mongoUrl) {
    await checkMongoJobs(mongoUrl);
  },
  async fill({ url, secret, mongoUrl }, jobs, tenants) {
    const storeUrl = mongoUrl ?? roleUrl(url, secret, JOB_STORE_SCHEMA, 'runner');
    const store = await openJobStore(storeUrl, pino({ level: 'silent' }));
    try {
      for (let first = 0; first < jobs; first += AT_ONCE) {
        const numbers = Array.from({ length: Math.min(AT_ONCE, jobs - first) }, (_, index) => first + index);
        await store.insert(
          numbers.map((number) => ({
            id: newId(),
            name: jobName(0),
            tenantId: tenantIdOf(number % tenants),
            payload: { number, sentAtMs: 0 } satisfies SentJob,
            correlationId: 'bench',
            trace: null,
            onceKey: null,
            priority: 0,
            runAt: null,
            after: [],
          })),
        );
      }
    } finally {
      await store.close();
    }
  },
};
