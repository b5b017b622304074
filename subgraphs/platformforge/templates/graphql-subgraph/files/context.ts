import type { ProductContext, TenantWork } from '@inevitable/kit';
import type { PrismaClient } from './generated/prisma/client.js';

/** What this product's resolvers get. */
export type OwnContext = ProductContext<PrismaClient>;
/** What its domain works with: rows, events and jobs of one tenant. */
export type OwnWork = TenantWork<PrismaClient>;
