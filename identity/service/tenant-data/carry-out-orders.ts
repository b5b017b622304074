import type { TenantId, UserId } from '@inevitable/contract';
import { exportFiles, deleteEveryFile, tenantFiles } from '@inevitable/kit/host';
import { appendAudit } from '../audit/append-audit.js';
import { OPERATOR } from '../audit/origin.js';
import { archiveReadyMail } from '../mail/tenant-data-mails.js';
import { queueMail } from '../mail/queue-mail.js';
import { appendRevocations } from '../revocation/append-revocations.js';
import type { Rows } from '../store/system-database.js';
import { addErasedParts, IDENTITY, NO_TENANT, ORDER_COLUMNS, subjectOf, type DataOrder } from './data-orders.js';
import { partDone } from './data-tasks.js';
import { erasePerson } from './erase-person.js';
import { eraseLongTables, eraseTenant } from './erase-tenant.js';
import { exportIdentityPart } from './export-identity-part.js';
import { finishArchive, type ArchiveDeps } from './finish-archive.js';

export interface OrderDeps extends ArchiveDeps {
  /** Every product that keeps something of tenants, but for core-identity. */
  readonly products: () => readonly string[];
}

export interface CarriedOut {
  readonly archivesMade: number;
  readonly tenantsErased: number;
  readonly peopleErased: number;
  readonly archivesRemoved: number;
}

/** How long an archive can be fetched. */
export const ARCHIVE_DAYS = 7;

/** What is missing of an order. */
interface Missing {
  readonly identity: boolean;
  readonly others: boolean;
}

/**
 * Does core-identity's part of every order that is due: its export; the archive, once all parts are there; and, once every
 * product has erased its own, the end of a tenant or an account. Removes archives that are too old. It may be stopped and
 * repeated at any point. Throws in the end what failed, when everything else is done.
 */
export async function carryOutOrders(deps: OrderDeps, signal?: AbortSignal): Promise<CarriedOut> {
  const { db } = deps;
  const done = { archivesMade: 0, tenantsErased: 0, peopleErased: 0, archivesRemoved: await removeArchives(deps) };
  const failures: Error[] = [];
  const orders = await db.rows<DataOrder>(
    `select ${ORDER_COLUMNS} from data_orders where state = 'open' and due_at <= stack_now() order by created_at, id`,
  );
  for (const order of orders) {
    signal?.throwIfAborted();
    try {
      // A product that came since the order was given has something to erase, too.
      if (order.kind === 'erase') await addErasedParts(db.rows, order, deps.products());
      const missing = await missingOf(db.rows, order);
      if (order.kind === 'export') done.archivesMade += await exportPart(order, missing, deps, signal);
      else if (!missing.others && (await endErasure(order, deps, signal)))
        done[order.userId === null ? 'tenantsErased' : 'peopleErased'] += 1;
    } catch (error) {
      if (signal?.aborted) throw error;
      failures.push(error as Error); // of one order: the others go on
    }
  }
  if (failures.length) throw new AggregateError(failures, failures.map(({ message }) => message).join(' '));
  return done;
}

async function missingOf(rows: Rows, { id }: DataOrder): Promise<Missing> {
  const [missing] = await rows<Missing>(
    `select coalesce(bool_or(product = '${IDENTITY}'), false) as identity,
       coalesce(bool_or(product <> '${IDENTITY}'), false) as others
     from data_parts where order_id = $1 and done_at is null`,
    [id],
  );
  return missing!;
}

/** Answers how many archives are whole now: one or none. */
async function exportPart(
  order: DataOrder,
  missing: Missing,
  deps: OrderDeps,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { db, files } = deps;
  if (missing.identity) {
    const part = await exportIdentityPart(order, db, files, signal);
    const tenantId = order.tenantId ?? NO_TENANT;
    await partDone(db, { product: IDENTITY, orderId: order.id, tenantId, part });
  }
  if (missing.others) return 0;
  const sha256 = await finishArchive(order, deps);
  return db.transaction(async (rows) => {
    const [ended] = await rows<{ expiresAt: Date }>(
      `update data_orders set state = 'done', ended_at = stack_now(), manifest_sha256 = $2,
         expires_at = stack_now() + interval '${ARCHIVE_DAYS} days'
       where id = $1 and state = 'open' returning expires_at as "expiresAt"`,
      [order.id, sha256],
    );
    if (!ended) return 0;
    const subject = subjectOf(order);
    await appendAudit(rows, {
      tenantId: order.tenantId,
      origin: OPERATOR,
      action: 'identity.finish-export',
      outcome: 'success',
      subject:
        subject.kind === 'tenant' ? { type: 'Tenant', id: subject.tenantId } : { type: 'User', id: subject.userId },
      details: { order: order.id, manifest: sha256.toString('hex') },
    });
    const recipient = order.askedBy && (await addressOf(rows, order.askedBy));
    if (recipient) await queueMail(rows, deps.seal, archiveReadyMail({ recipient, expiresAt: ended.expiresAt }));
    return 1;
  });
}

async function addressOf(rows: Rows, userId: UserId): Promise<string | null> {
  const [person] = await rows<{ email: string }>('select email from users where id = $1', [userId]);
  return person?.email ?? null;
}

/** False: somebody was here first, or keeps the tenant after all. */
async function endErasure(order: DataOrder, deps: OrderDeps, signal: AbortSignal | undefined): Promise<boolean> {
  const { db, files } = deps;
  const { tenantId, userId } = order;
  let rowsErased = 0;
  if (tenantId !== null) {
    const [tenant] = await db.rows<{ status: string }>('select status from tenants where id = $1', [tenantId]);
    if (tenant?.status !== 'deleting') throw new Error(`Tenant ${tenantId} is to be erased, and is not being deleted.`);
    rowsErased = await eraseLongTables(db, tenantId, signal);
    await deleteEveryFile(tenantFiles(files, IDENTITY, tenantId));
  } else {
    for (const { id } of await db.rows<{ id: string }>(
      `select id from data_orders where user_id = $1 and kind = 'export'`,
      [userId],
    ))
      await deleteEveryFile(exportFiles(files, null, id));
  }
  return db.transaction(async (rows) => {
    const [open] = await rows(`select from data_orders where id = $1 and state = 'open' for update`, [order.id]);
    if (!open) return false;
    rowsErased += tenantId !== null ? await eraseTenant(rows, tenantId) : (await erasePerson(rows, userId!)).rows;
    await rows(
      `update data_parts set done_at = stack_now(), rows = $2 where order_id = $1 and product = '${IDENTITY}'`,
      [order.id, rowsErased],
    );
    await rows(`update data_orders set state = 'done', ended_at = stack_now() where id = $1`, [order.id]);
    await appendAudit(rows, {
      tenantId,
      origin: OPERATOR,
      action: tenantId === null ? 'identity.erase-account' : 'identity.erase-tenant',
      outcome: 'success',
      subject: tenantId === null ? { type: 'User', id: userId! } : { type: 'Tenant', id: tenantId },
      details: { order: order.id },
    });
    await appendRevocations(rows, tenantId === null ? 'user' : 'tenant', [tenantId ?? userId!]);
    return true;
  });
}

/** Files first: whoever is stopped in between finds the order again. */
async function removeArchives({ db, files }: OrderDeps): Promise<number> {
  const old = await db.rows<{ id: string; tenantId: TenantId | null }>(
    `select id, tenant_id as "tenantId" from data_orders where kind = 'export' and expires_at <= stack_now()`,
  );
  for (const { id, tenantId } of old) {
    await deleteEveryFile(exportFiles(files, tenantId, id));
    await db.rows('delete from data_orders where id = $1', [id]);
  }
  return old.length;
}
