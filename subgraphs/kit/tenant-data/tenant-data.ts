import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';

/** What becomes of one tenant table's rows. Without any of these they are exported, with their tenant alone. */
export interface TenantTableData {
  /** Why they are not exported: what can be computed, or is of no use elsewhere. */
  readonly leftOut?: string;
  /** Names the person whose row it is, by user id: that person's own export has it. */
  readonly personColumn?: string;
  /** The row goes when its person's account does. Unless told it stays the tenant's, under an id that names nobody. */
  readonly goesWithPerson?: boolean;
}

/**
 * Every tenant table of a product by name, but for the kit's own. When a tenant is erased, the rows of all of them go, with
 * its files and its jobs, whatever stands here.
 */
export type TenantData = Readonly<Record<string, TenantTableData>>;

/** None where a product exports and erases itself: it is not asked then. */
export const declaredData = ({ tenantData = {} }: SubgraphDeclaration): TenantData =>
  tenantData === 'itself' ? {} : tenantData;
