import { defineDatabase } from '@inevitable/kit';
import { PrismaClient } from './generated/prisma/client.js';

export const platformForgeDatabase = defineDatabase({
  product: 'platformforge',
  migrations: new URL('./prisma/migrations/', import.meta.url),
  client: (adapter) => new PrismaClient({ adapter }),
  ofNoTenant: { health_checks: "the service's own health, which is nobody's data" },
});
