import { defineDatabase } from '@inevitable/kit';
import { PrismaClient } from './generated/prisma/client.js';

export const starterDatabase = defineDatabase({
  product: 'starter',
  migrations: new URL('./prisma/migrations/', import.meta.url),
  client: (adapter) => new PrismaClient({ adapter }),
});
