import { defineDatabase } from '@inevitable/kit';
import { PrismaClient } from './generated/prisma/client.js';

/** The app role's side: what a tenant member may see. Everything else is the system role's (store/). */
export const identityDatabase = defineDatabase({
  product: 'identity',
  migrations: new URL('./prisma/migrations/', import.meta.url),
  client: (adapter) => new PrismaClient({ adapter }),
  shared: {
    plans: 'the plans are the same for every tenant',
    plan_features: 'what a plan includes is the same for every tenant',
  },
});
