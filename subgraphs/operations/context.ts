import type { ProductContext } from '@inevitable/kit';
import type { PrismaClient } from './generated/prisma/client.js';

/** What operations' resolvers get. */
export type OperationsContext = ProductContext<PrismaClient>;
