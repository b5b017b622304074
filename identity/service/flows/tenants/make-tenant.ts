import { parseTenantId, type TenantId, type UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import type { Rows } from '../../store/system-database.js';

export interface TenantToMake {
  readonly slug: string;
  readonly name: string;
  readonly plan?: 'free' | 'pro' | 'enterprise';
}

/** A tenant of nobody yet, on the free plan unless told. null: the slug is taken. */
export async function makeTenant(rows: Rows, { slug, name, plan = 'free' }: TenantToMake): Promise<TenantId | null> {
  const id = parseTenantId(newId());
  const made = await rows(
    'insert into tenants (id, slug, name, plan) values ($1, $2, $3, $4) on conflict do nothing returning id',
    [id, slug, name, plan],
  );
  return made.length > 0 ? id : null;
}

export interface OwnerMade {
  /** The membership's. */
  readonly id: string;
  readonly joinedAt: Date;
}

/** The first member of a tenant that was made just now. */
export async function makeOwner(rows: Rows, tenantId: TenantId, userId: UserId): Promise<OwnerMade> {
  const [made] = await rows<OwnerMade>(
    `insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, '{owner}')
     returning id, created_at as "joinedAt"`,
    [tenantId, newId(), userId],
  );
  return made!;
}
