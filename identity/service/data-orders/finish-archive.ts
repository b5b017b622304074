import { createHash } from 'node:crypto';
import type { TenantId } from '@inevitable/contract';
import { exportFiles, type FileStore } from '@inevitable/kit/host';
import { archiveKey } from '../archives/archive-keys.js';
import { ARCHIVE_FORMAT, signManifest, type ArchiveManifest } from '../archives/manifest.js';
import { MANIFEST, SIGNATURE } from '../archives/pack-archive.js';
import type { Seal } from '../store/seal.js';
import type { SystemDatabase } from '../store/system-database.js';
import { subjectOf, type DataOrder } from './data-orders.js';
import { listContents } from './list-contents.js';

export interface ArchiveDeps {
  readonly db: SystemDatabase;
  readonly seal: Seal;
  readonly files: FileStore;
  /** `iss` of every token, and of every archive. */
  readonly issuer: string;
}

/**
 * Puts a manifest over all parts of an export and signs it: from then on it can be fetched. Answers the manifest's SHA-256.
 * Throws where a part is not what its product reported.
 */
export async function finishArchive(
  order: DataOrder,
  { db, seal, files: store, issuer }: ArchiveDeps,
): Promise<Buffer> {
  const files = exportFiles(store, order.tenantId, order.id);
  const contents = await listContents(db, order, store);
  const [clock] = await db.rows<{ now: Date }>('select stack_now() as now');
  const manifest: ArchiveManifest = {
    format: ARCHIVE_FORMAT,
    issuer,
    orderId: order.id,
    of: await ofWhom(db, order),
    orderedAt: order.createdAt.toISOString(),
    finishedAt: clock!.now.toISOString(),
    files: contents.map(({ path, bytes, sha256, rows }) => ({
      path,
      bytes,
      sha256,
      ...(rows !== undefined && { rows }),
    })),
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await files.put(SIGNATURE, Buffer.from(signManifest(text, await archiveKey(db, seal))));
  await files.put(MANIFEST, Buffer.from(text));
  return createHash('sha256').update(text).digest();
}

async function ofWhom({ rows }: Pick<SystemDatabase, 'rows'>, order: DataOrder): Promise<ArchiveManifest['of']> {
  const subject = subjectOf(order);
  if (subject.kind === 'person') return { kind: 'person', id: subject.userId };
  const [tenant] = await rows<{ id: TenantId; slug: string; name: string }>(
    'select id, slug, name from tenants where id = $1',
    [subject.tenantId],
  );
  return { kind: 'tenant', id: subject.tenantId, slug: tenant?.slug ?? '', name: tenant?.name ?? '' };
}
