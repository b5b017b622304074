import { defineDatabase } from '@inevitable/kit';
import { PrismaClient } from './generated/prisma/client.js';

/** The app role's side: platform administrators read through it. What is read is written by the system role (store/). */
export const operationsDatabase = defineDatabase({
  product: 'operations',
  migrations: new URL('./prisma/migrations/', import.meta.url),
  client: (adapter) => new PrismaClient({ adapter }),
  shared: {
    health_periods: "the parts of the stack are the operator's, and serve every tenant",
    job_hours: 'they count the runs of every tenant together, and say nothing of one',
    schema_texts: 'schemas are the same for every tenant',
    schema_versions: 'schemas are the same for every tenant',
    schema_version_subgraphs: 'schemas are the same for every tenant',
    schema_publications: 'schemas are the same for every tenant',
    operations: 'an operation is what a client sends for any tenant, without its values',
    operation_inputs: 'names of input fields and enum values, and no values',
    usage_left_out: 'one time, of no tenant',
    traffic_requests: 'they count the requests of every tenant together, and say nothing of one',
    traffic_operations: 'an operation is what a client sends for any tenant, without its values',
    traffic_subgraphs: 'subgraphs serve every tenant',
    traffic_fetches: 'which operation fetches from where is the same for every tenant',
    traffic_gateways: "gateways are the operator's, and serve every tenant",
    operation_hours: 'they count for all tenants of a plan together, and say nothing of one',
  },
});
