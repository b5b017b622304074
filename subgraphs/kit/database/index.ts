export { lintCatalogue, type CatalogueFinding } from './catalogue-lint.js';
export { migrate, MigrationFailed, migrateSchema, pendingMigrations } from './migrate.js';
export {
  defineDatabase,
  openProductDatabase,
  openSystemPool,
  poolConfig,
  type DatabaseDeclaration,
  type ProductDatabase,
  type TenantHandle,
} from './product-database.js';
export { inTransaction } from './in-transaction.js';
export { listen, type Listener, type ListenOptions } from './listen.js';
export { UnsafeDatabaseRole } from './restricted-role.js';
export { ensureRoles, JOB_STORE_ROLES, PRODUCT_ROLES, roleName, roleUrl, type DatabaseRole } from './roles.js';
export type { PrismaClientLike, TenantClient } from './tenant-client.js';
export { UnboundStatement } from './tenant-pool.js';
