import type { JobRun, ProductContext, RouteContext, TenantWork } from '@inevitable/kit';
import type { PrismaClient } from './generated/prisma/client.js';

/** What this product's resolvers get. */
export type PlatformForgeContext = ProductContext<PrismaClient>;
/** What its routes get. */
export type PlatformForgeRouteContext = RouteContext<PrismaClient>;
/** What its domain works with: rows, events and jobs of one tenant. */
export type PlatformForgeWork = TenantWork<PrismaClient>;
/** What its jobs get. */
export type PlatformForgeRun<Payload> = JobRun<Payload, PrismaClient>;
