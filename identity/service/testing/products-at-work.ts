import { Readable } from 'node:stream';
import type { TenantId } from '@inevitable/contract';
import { archiveWriter, exportFiles } from '@inevitable/kit/host';
import { DEMO_PASSWORD, type TestIdentity } from './open-test-identity.js';

/** The one product that keeps something of tenants in the tests of core-identity. */
export const STARTER = 'starter';

/**
 * Does what the products' workers do: adds a table of one row to each archive, and reports an erasure done. What a product
 * really exports and erases is in the kit's contract (tests/contracts/products).
 */
export async function productsDoTheirParts({ identity, flows }: TestIdentity): Promise<void> {
  const { tenantData } = identity.ports;
  for (const task of await tenantData.open(STARTER, null)) {
    let index: string | null = null;
    if (task.kind === 'export') {
      const files = exportFiles(flows.files, task.userId === null ? task.tenantId : null, task.orderId);
      const name = task.userId === null ? STARTER : `${task.tenantId}/${STARTER}`;
      const part = archiveWriter(files, `${STARTER}/${task.tenantId}`, name);
      await part.lines('notes', Readable.from([JSON.stringify({ tenant_id: task.tenantId, text: 'a note' })]));
      ({ index } = await part.finish());
    }
    await tenantData.done(STARTER, task, { rows: 1, files: 0, jobs: 0, index });
  }
}

/** A tenant of one owner, who is in no other. */
export async function newTenant(
  { identity }: TestIdentity,
  slug: string,
): Promise<{ readonly id: TenantId; readonly owner: string }> {
  const owner = `owner-of-${slug}`;
  const id = await identity.administration.createTenant({ slug, name: slug, plan: 'free' });
  await newMember({ identity }, { username: owner, tenant: slug, roles: ['owner'] });
  return { id, owner };
}

/** Somebody with the demo's password, whose address is `<username>@people.test`. */
export const newMember = (
  { identity }: Pick<TestIdentity, 'identity'>,
  member: { readonly username: string; readonly tenant: string; readonly roles: readonly string[] },
) =>
  identity.administration.createUser({
    ...member,
    email: `${member.username}@people.test`,
    displayName: member.username,
    password: DEMO_PASSWORD,
  });
