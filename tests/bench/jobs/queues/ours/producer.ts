import { anonymousContext } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { openProductDatabase, roleUrl, tenantWork } from '@inevitable/kit/host';
import { serveProducer } from '../../processes/serve-producer.js';
import { tenantIdOf } from '../sent-job.js';
import { benchJob, DATABASE, PRODUCT } from './product.js';

/** As a mutation does it: one transaction of the tenant, in which the outbox has the job. */
serveProducer(async ({ url, secret }) => {
  const database = await openProductDatabase(DATABASE, roleUrl(url, secret, PRODUCT, 'app'));
  const job = benchJob(0, 1, () => Promise.resolve());
  const { signal } = new AbortController();
  return (sent, tenant) => {
    const request = { requestId: newId(), trace: null, deadline: Infinity, signal, deployment: 'internal' as const };
    const context = anonymousContext(request);
    return database.transaction(tenantIdOf(tenant), async (handle) => {
      await tenantWork(handle, context, []).jobs.enqueue(job, sent);
    });
  };
});
