import { NotFound } from '@inevitable/contract';
import { exportFiles } from '@inevitable/kit/host';
import type { ReadableStream } from 'node:stream/web';
import { MANIFEST, packArchive, SIGNATURE } from '../../archives/pack-archive.js';
import { appendAudit } from '../../audit/append-audit.js';
import type { Origin } from '../../audit/origin.js';
import { auditSubject, ORDER_COLUMNS, type DataOrder } from '../../data-orders/data-orders.js';
import { listContents } from '../../data-orders/list-contents.js';
import type { Self } from '../accounts/require-self.js';
import type { FlowDeps } from '../flow-deps.js';
import { isOwner } from '../members/is-owner.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';

export interface Archive {
  /** A tar archive. */
  readonly body: ReadableStream<Uint8Array>;
  readonly fileName: string;
}

/**
 * An archive of the caller's own, or of the tenant that their token speaks for and they own. Somebody else's answers as one
 * that does not exist: throws `NotFound`; and `FreshSignInNeeded`, also for a session that was asked to do less than its person may.
 */
export async function fetchArchive(id: string, self: Self, origin: Origin, deps: FlowDeps): Promise<Archive> {
  await assertFreshSignIn(self.sessionId, deps);
  const order = await findFinished(id, deps);
  const mayFetch =
    order?.userId === self.userId ||
    (order !== null && order.tenantId === self.tenantId && (await isOwner(deps.db.rows, self)));
  if (!mayFetch) throw new NotFound('archive');
  return openArchive(order, origin, deps);
}

/** For whoever may: asked before. Throws `NotFound` for one that is not finished, or not kept any more. */
export async function fetchFinished(id: string, origin: Origin, deps: FlowDeps): Promise<Archive> {
  const order = await findFinished(id, deps);
  if (!order) throw new NotFound('archive');
  return openArchive(order, origin, deps);
}

async function findFinished(id: string, { db }: FlowDeps): Promise<FinishedOrder | null> {
  const [order] = await db.rows<FinishedOrder>(
    `select ${ORDER_COLUMNS}, ended_at as "endedAt" from data_orders
     where id::text = $1 and kind = 'export' and state = 'done' and expires_at > stack_now()`,
    [id],
  );
  return order ?? null;
}

interface FinishedOrder extends DataOrder {
  readonly endedAt: Date;
}

async function openArchive(order: FinishedOrder, origin: Origin, { db, files: store }: FlowDeps): Promise<Archive> {
  await appendAudit(db.rows, {
    tenantId: order.tenantId,
    origin,
    action: 'identity.fetch-archive',
    outcome: 'success',
    subject: auditSubject(order),
    details: { order: order.id },
  });
  const files = exportFiles(store, order.tenantId, order.id);
  const read = async (key: string): Promise<string> => {
    const content = await files.read(key);
    if (!content) throw new Error(`The file "${key}" of archive ${order.id} is gone.`);
    return new Response(content.body as ReadableStream<Uint8Array>).text();
  };
  const body = packArchive(files, {
    manifest: await read(MANIFEST),
    signature: await read(SIGNATURE),
    contents: await listContents(db, order, store),
    finishedAt: order.endedAt.toISOString(),
  });
  return { body, fileName: `export-${order.endedAt.toISOString().slice(0, 10)}-${order.id}.tar` };
}
