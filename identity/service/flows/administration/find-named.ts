import { NotFound, type TenantId, type UserId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';
import { canonicalLogin } from '../accounts/canonical-login.js';

/** The tenant of a slug or an id, of any status. Throws `NotFound`. */
export async function findTenantNamed(rows: Rows, slugOrId: string): Promise<TenantId> {
  const [tenant] = await rows<{ id: TenantId }>('select id from tenants where slug = $1 or id::text = $1', [slugOrId]);
  if (!tenant) throw new NotFound('tenant');
  return tenant.id;
}

/** The person of an e-mail address, a user name or an id, disabled or not. Throws `NotFound`. */
export async function findUserNamed(rows: Rows, loginOrId: string): Promise<UserId> {
  const [user] = await rows<{ id: UserId }>(
    'select id from users where email = $1 or username = $1 or id::text = $1 order by id::text = $1 desc, email = $1 desc limit 1',
    [canonicalLogin(loginOrId)],
  );
  if (!user) throw new NotFound('user');
  return user.id;
}
