import type { UserId } from '@inevitable/contract';
import type { SystemDatabase } from '../../store/system-database.js';
import { PAGE } from './list-tenants.js';

export interface UserListed {
  readonly id: UserId;
  readonly email: string;
  readonly username: string | null;
  readonly displayName: string;
  readonly status: 'active' | 'disabled';
  readonly platformAdmin: boolean;
  /** Slugs of the tenants they are an active member of. */
  readonly tenants: readonly string[];
  readonly createdAt: Date;
}

/** In the order of addresses, `PAGE` at most; `after`: the last address of the page before. */
export const listUsers = ({ rows }: SystemDatabase, after: string | null): Promise<readonly UserListed[]> =>
  rows<UserListed>(
    `select u.id, u.email, u.username, u.display_name as "displayName", u.status, u.platform_admin as "platformAdmin",
       u.created_at as "createdAt",
       array(select t.slug from memberships m join tenants t on t.id = m.tenant_id
             where m.user_id = u.id and m.status = 'active' order by t.slug) as tenants
     from users u where u.email > $1 order by u.email limit ${PAGE}`,
    [after ?? ''],
  );
