import type { TenantId, TenantsPort } from '@inevitable/contract';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { testSubgraph, type TestCaller, type TestSubgraph } from '@inevitable/kit/testing';

/** A product with two tenants, of which the first one has everything. */
export interface UnderContract {
  readonly product: TestSubgraph;
  /** In the tenant that the fixture fills. */
  readonly owner: TestCaller;
  /** In another tenant, with every permission there. */
  readonly stranger: TestCaller;
}

/** Hosts a product as its own tests do, with tenants that jobs of each tenant find. */
export async function hostForContract(declaration: SubgraphDeclaration): Promise<UnderContract> {
  const active: TenantId[] = [];
  const tenants: TenantsPort = {
    find: (id) => Promise.resolve({ id, slug: id, name: id, plan: 'pro', entitlementsDigest: '', status: 'active' }),
    active: (after) => Promise.resolve(active.filter((id) => after === null || id > after)),
  };
  const product = await testSubgraph(declaration, { tenants });
  const owner = product.as({ tenant: 'acme', user: 'ada' });
  const stranger = product.as({ tenant: 'globex', user: 'gus' });
  active.push(...[owner, stranger].map(({ context }) => context.tenant!.id).sort());
  return { product, owner, stranger };
}
