import type { ProductContext } from '@inevitable/kit';
import type { PrismaClient } from '../generated/prisma/client.js';

export type IdentityContext = ProductContext<PrismaClient>;
