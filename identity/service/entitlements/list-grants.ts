import type { TenantId } from '@inevitable/contract';
import { BEFORE_ALL } from '../store/nil-id.js';
import type { SystemDatabase } from '../store/system-database.js';

/** A grant as its tenant sees it. */
export interface GrantSeen {
  readonly id: string;
  readonly amount: number;
  readonly used: number;
  readonly held: number;
  readonly priority: number;
  readonly source: string;
  readonly status: 'OPEN' | 'SPENT' | 'EXPIRED' | 'VOIDED';
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

type GrantRow = Omit<GrantSeen, 'amount' | 'used' | 'held'> & Readonly<Record<'amount' | 'used' | 'held', string>>;

const SEEN = `
  select g.id, g.amount, b.used, b.held, g.priority, g.source, g.created_at as "createdAt", g.expires_at as "expiresAt",
    case when b.voided then 'VOIDED' when g.expires_at <= stack_now() then 'EXPIRED'
      when b.used + b.held >= g.amount then 'SPENT' else 'OPEN' end as status
  from feature_grants g join feature_grant_balances b on b.tenant_id = g.tenant_id and b.grant_id = g.id`;

const seen = ({ amount, used, held, ...grant }: GrantRow): GrantSeen => ({
  ...grant,
  amount: Number(amount),
  used: Number(used),
  held: Number(held),
});

export interface GrantsPage {
  readonly take: number;
  /** null: from the beginning. */
  readonly afterId: string | null;
}

/** What a tenant was granted of a feature, whatever became of it, in the order of ids. */
export async function listGrants(
  { rows }: SystemDatabase,
  tenantId: TenantId,
  feature: string,
  { take, afterId }: GrantsPage,
): Promise<readonly GrantSeen[]> {
  const grants = await rows<GrantRow>(
    `${SEEN} where g.tenant_id = $1 and g.feature = $2 and g.id > $3 order by g.id limit $4`,
    [tenantId, feature, afterId ?? BEFORE_ALL, take],
  );
  return grants.map(seen);
}

/** One of the tenant's grants; null for another tenant's as for one that does not exist. */
export async function findGrant(
  { rows }: SystemDatabase,
  tenantId: TenantId,
  grantId: string,
): Promise<GrantSeen | null> {
  const [grant] = await rows<GrantRow>(`${SEEN} where g.tenant_id = $1 and g.id = $2`, [tenantId, grantId]);
  return grant ? seen(grant) : null;
}
