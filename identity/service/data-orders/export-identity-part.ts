import type { DataPart } from '@inevitable/contract';
import { archiveWriter, cursorLines, exportFiles, type FileStore } from '@inevitable/kit/host';
import type { SystemDatabase } from '../store/system-database.js';
import { IDENTITY, NO_TENANT, type DataOrder } from './data-orders.js';

/** By file, the rows in it. `$1`: the tenant, or the person. */
type Contents = Readonly<Record<string, string>>;

// No token, no secret and no hash of one is in any of these: what signs in stays here.
const OF_TENANT: Contents = {
  tenant: `select id, slug, name, plan, status, settings, region, created_at, updated_at from tenants where id = $1`,
  members: `select m.id, m.user_id, case when m.status = 'active' then u.email end as email,
      case when m.status = 'active' then u.username end as username, case when m.status = 'active' then u.display_name end as display_name, m.roles, m.status, m.created_at, m.updated_at
    from memberships m join users u on u.id = m.user_id where m.tenant_id = $1`,
  roles: `select id, name, permissions, created_at, updated_at from tenant_roles where tenant_id = $1`,
  invitations: `select id, email, roles, status, invited_by, created_at, expires_at from invitations where tenant_id = $1`,
  api_keys: `select id, name, scopes, created_by, allowed_ips, created_at, expires_at, revoked_at, last_used_at
    from api_keys where tenant_id = $1`,
  feature_overrides: `select feature, version, definition, reason, author, created_at, expires_at
    from feature_overrides where tenant_id = $1`,
  feature_grants: `select g.id, g.feature, g.amount, g.priority, g.source, g.author, g.created_at, g.expires_at,
      b.used, b.held, b.voided
    from feature_grants g left join feature_grant_balances b on b.tenant_id = g.tenant_id and b.grant_id = g.id where g.tenant_id = $1`,
  usage: `select feature, period_start, used, held, granted_used, granted_held
    from usage_counters where tenant_id = $1`,
  reservations: `select id, feature, amount, actual, state, period_start, created_at, expires_at
    from reservations where tenant_id = $1`,
  audit_events: `select e.sequence, encode(e.hash, 'hex') as hash, e.record::jsonb as record, p.data as personal
    from audit_events e left join audit_personal p on p.tenant_id = e.tenant_id and p.event_id = e.id where e.tenant_id = $1`,
};

const OF_PERSON: Contents = {
  account: `select id, email, username, display_name, status, email_verified_at, created_at, updated_at,
      exists (select from totp_factors f where f.user_id = users.id and f.confirmed_at is not null) as second_factor
    from users where id = $1`,
  // What a tenant is called now is nothing to those who left it.
  memberships: `select m.id, m.tenant_id, t.slug, case when m.status = 'active' then t.name end as name, m.roles, m.status, m.created_at
    from memberships m join tenants t on t.id = m.tenant_id where m.user_id = $1`,
  sessions: `select id, tenant_id, device, address, amr, auth_time, last_seen_at, expires_at, ended_at
    from sessions where user_id = $1`,
  api_keys: `select id, tenant_id, name, scopes, allowed_ips, created_at, expires_at, revoked_at, last_used_at
    from api_keys where created_by = $1`,
  audit_events: `select e.tenant_id, e.occurred_at, e.action, e.outcome, p.data as personal
    from audit_personal p join audit_events e on e.tenant_id = p.tenant_id and e.id = p.event_id
    where p.user_id = $1 and e.actor_id = $1::text`,
};

/** Writes what core-identity itself has of a tenant, or of a person, for their archive: all of it as it is at one moment. */
export function exportIdentityPart(
  { id, tenantId, userId }: DataOrder,
  { transaction }: Pick<SystemDatabase, 'transaction'>,
  store: FileStore,
  signal?: AbortSignal,
): Promise<DataPart> {
  const folder = `${IDENTITY}/${tenantId ?? NO_TENANT}`;
  const part = archiveWriter(exportFiles(store, tenantId, id), folder, IDENTITY);
  return transaction(async (rows) => {
    await rows('set transaction isolation level repeatable read, read only');
    let total = 0;
    for (const [file, text] of Object.entries(userId === null ? OF_TENANT : OF_PERSON))
      total += await part.lines(file, cursorLines(rows, text, [userId ?? tenantId!], signal));
    const { index } = await part.finish();
    return { rows: total, files: 0, jobs: 0, index };
  });
}
