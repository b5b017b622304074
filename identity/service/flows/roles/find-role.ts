import { NotFound, type TenantId } from '@inevitable/contract';
import type { TenantRole } from '../../generated/prisma/client.js';
import type { Rows } from '../../store/system-database.js';
import { Refusal } from '../refusals.js';
import { ROLE_COLUMNS } from './custom-role.js';

/** A role of this tenant's own. Refuses one of another tenant as it refuses an unknown one: `NotFound`. */
export async function findRole(rows: Rows, tenantId: TenantId, id: string): Promise<TenantRole> {
  const [role] = await rows<TenantRole>(
    `select ${ROLE_COLUMNS} from tenant_roles where tenant_id = $1 and id = $2 for update`,
    [tenantId, id],
  );
  if (!role) throw new Refusal(new NotFound('role'), 'no role of this tenant');
  return role;
}
