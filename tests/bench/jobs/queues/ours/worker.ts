import type { EntitlementsPort, TenantsPort } from '@inevitable/contract';
import { inProcessBus, JOB_STORE_SCHEMA, openProductDatabase, roleUrl, startWorker } from '@inevitable/kit/host';
import { pino } from 'pino';
import { countCommands } from '../../processes/count-commands.js';
import { serveWorker } from '../../processes/serve-worker.js';
import { kitMongoClient } from './mongo-driver.js';
import { benchJob, DATABASE, PRODUCT, productWith } from './product.js';

const refuse = (): never => {
  throw new Error('The benchmark has no entitlements.');
};
const entitlements: EntitlementsPort = {
  describe: refuse,
  reserve: refuse,
  commit: refuse,
  release: refuse,
  usage: refuse,
  reservations: refuse,
};

/** Core-identity's answer, which a worker asks for before each run, at no cost. */
const tenants: TenantsPort = {
  find: (id) => Promise.resolve({ id, slug: id, name: id, plan: 'free', entitlementsDigest: '', status: 'active' }),
  active: () => Promise.resolve([]),
};

const STOPS_WITHIN_MS = 1_000;

serveWorker(async ({ url, secret, mongoUrl, places, definitions }, handle) => {
  const log = pino({ level: 'warn' }, pino.destination(2));
  const declaration = productWith(Array.from({ length: definitions }, (_, index) => benchJob(index, places, handle)));
  const database = await openProductDatabase(DATABASE, roleUrl(url, secret, PRODUCT, 'app'));
  const worker = await startWorker({
    products: [{ declaration, database, systemUrl: roleUrl(url, secret, PRODUCT, 'system') }],
    jobStoreUrl: mongoUrl ?? roleUrl(url, secret, JOB_STORE_SCHEMA, 'runner'),
    tenants,
    entitlements,
    audit: { append: () => Promise.resolve([]) },
    deployment: 'internal',
    events: inProcessBus((error) => log.error({ err: error }, 'an event listener failed')),
    log,
  });
  return async () => {
    await worker.stop(STOPS_WITHIN_MS);
    await database.close();
  };
}, countCommands(kitMongoClient));
