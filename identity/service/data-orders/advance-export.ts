import type { UserId } from '@inevitable/contract';
import { appendAudit } from '../audit/append-audit.js';
import { OPERATOR } from '../audit/origin.js';
import { archiveReadyMail } from '../mail/departure-mails.js';
import { queueMail } from '../mail/queue-mail.js';
import type { Rows } from '../store/system-database.js';
import { auditSubject, IDENTITY, NO_TENANT, type DataOrder } from './data-orders.js';
import { partDone } from './data-tasks.js';
import { exportIdentityPart } from './export-identity-part.js';
import { finishArchive, type ArchiveDeps } from './finish-archive.js';

/** How long an archive can be fetched. */
const ARCHIVE_DAYS = 7;

/** What is missing of an order. */
export interface MissingParts {
  readonly identity: boolean;
  readonly others: boolean;
}

/** Adds core-identity's part where it is missing, and makes the archive whole once nothing else is. Answers whether it is. */
export async function advanceExport(
  order: DataOrder,
  missing: MissingParts,
  deps: ArchiveDeps,
  signal?: AbortSignal,
): Promise<boolean> {
  const { db, files } = deps;
  if (missing.identity) {
    const part = await exportIdentityPart(order, db, files, signal);
    const tenantId = order.tenantId ?? NO_TENANT;
    await partDone(db, { product: IDENTITY, orderId: order.id, tenantId, part });
  }
  if (missing.others) return false;
  const sha256 = await finishArchive(order, deps);
  return db.transaction(async (rows) => {
    const [ended] = await rows<{ expiresAt: Date }>(
      `update data_orders set state = 'done', ended_at = stack_now(), manifest_sha256 = $2,
         expires_at = stack_now() + interval '${ARCHIVE_DAYS} days'
       where id = $1 and state = 'open' returning expires_at as "expiresAt"`,
      [order.id, sha256],
    );
    if (!ended) return false;
    // The one before it could be fetched until now.
    await rows(
      `update data_orders set state = 'over', expires_at = stack_now()
       where kind = 'export' and state = 'done' and id <> $1 and coalesce(tenant_id, user_id) = $2`,
      [order.id, order.tenantId ?? order.userId],
    );
    await appendAudit(rows, {
      tenantId: order.tenantId,
      origin: OPERATOR,
      action: 'identity.finish-export',
      outcome: 'success',
      subject: auditSubject(order),
      details: { order: order.id, manifest: sha256.toString('hex') },
    });
    const recipient = order.askedBy && (await addressOf(rows, order.askedBy));
    if (recipient) await queueMail(rows, deps.seal, archiveReadyMail({ recipient, expiresAt: ended.expiresAt }));
    return true;
  });
}

async function addressOf(rows: Rows, userId: UserId): Promise<string | null> {
  const [person] = await rows<{ email: string }>('select email from users where id = $1', [userId]);
  return person?.email ?? null;
}
