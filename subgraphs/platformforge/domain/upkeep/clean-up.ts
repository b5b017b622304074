import type { TenantFiles } from '@inevitable/kit';
import type { PlatformForgeRun, PlatformForgeWork } from '../../context.js';
import { tellPlatformChanged } from '../../events/platform-changed.js';
import { databaseNow } from '../database-now.js';
import { artifactsInUse, templatesInUse } from './files-in-use.js';
import { artifactKey, templateKey } from '../kept-files.js';

export type CleanUpDeps = Pick<PlatformForgeRun<object>, 'db' | 'transaction' | 'files' | 'signal' | 'progress'>;

export interface CleanedUp {
  /** Platforms whose artifact was removed because its time was over. */
  readonly expired: number;
  /** Files no row named. */
  readonly orphans: number;
}

/** Platforms in one transaction: short enough that nobody waits for their rows. */
const BATCH = 200;
/** Sorts before every id. */
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
/** A template's file is written before its row: what is younger may get one yet. */
const ORPHAN_AFTER_MS = 3_600_000;

/**
 * Removes the artifacts whose time is over, and the files no row names. A file goes after the row that named it: begun
 * again after a crash, a run finds what the one before left as a file without a row.
 */
export async function cleanUp(deps: CleanUpDeps): Promise<CleanedUp> {
  const expired = await expirePlatforms(deps);
  deps.progress(0.5, `${expired} artifacts expired`);
  const { db } = deps;
  const orphans =
    (await deleteOrphans('artifacts/', artifactKey, (ids) => artifactsInUse(db, ids), deps)) +
    (await deleteOrphans('templates/', templateKey, (ids) => templatesInUse(db, ids), deps));
  return { expired, orphans };
}

interface Expired {
  readonly id: string;
  readonly artifactId: string;
}

async function expirePlatforms({ transaction, files, signal }: CleanUpDeps): Promise<number> {
  let expired = 0;
  for (let after = BEFORE_ALL; ;) {
    signal.throwIfAborted();
    const batch = await transaction(({ db, events }) => expireBatch(after, db, events));
    for (const { artifactId } of batch) await files.delete(artifactKey(artifactId));
    expired += batch.length;
    if (batch.length < BATCH) return expired;
    after = batch
      .map(({ id }) => id)
      .sort()
      .at(-1)!;
  }
}

async function expireBatch(
  after: string,
  db: PlatformForgeWork['db'],
  events: PlatformForgeWork['events'],
): Promise<readonly Expired[]> {
  // In the order of ids: two at once wait for each other, and the second finds nothing left to do.
  const batch = await db.$queryRaw<Expired[]>`
    with due as (
      select id, artifact_id from platforms where id > ${after}::uuid and expires_at <= stack_now()
      order by id limit ${BATCH}::int for update
    )
    update platforms p
    set status = case p.status when 'READY' then 'EXPIRED' else p.status end, artifact_id = null, artifact_bytes = null,
      artifact_sha256 = null, artifact_deployment = null, expires_at = null
    from due where p.id = due.id
    returning p.id, due.artifact_id as "artifactId"`;
  for (const { id } of batch) await tellPlatformChanged(events, id);
  return batch;
}

/** Answers how many files of the folder went: all whose id `inUse` does not answer, page by page. */
async function deleteOrphans(
  folder: string,
  keyOf: (id: string) => string,
  inUse: (ids: readonly string[]) => Promise<readonly string[]>,
  { db, files, signal }: CleanUpDeps,
): Promise<number> {
  const before = new Date((await databaseNow(db)).getTime() - ORPHAN_AFTER_MS);
  let orphans = 0;
  for await (const page of pagesOf(folder, files)) {
    const old = page.filter(({ modifiedAt }) => modifiedAt < before).map(({ key }) => key);
    const used = new Set((await inUse(idsIn(old))).map(keyOf));
    for (const key of old.filter((key) => !used.has(key))) {
      signal.throwIfAborted();
      await files.delete(key);
      orphans += 1;
    }
  }
  return orphans;
}

async function* pagesOf(folder: string, files: TenantFiles) {
  for (let after: string | null = null; ;) {
    const page: Awaited<ReturnType<TenantFiles['list']>> = await files.list(folder, after);
    if (!page.length) return;
    after = page.at(-1)!.key;
    yield page;
  }
}

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** A key without one names nothing that a row could know. */
const idsIn = (keys: readonly string[]): string[] =>
  keys.map((key) => UUID.exec(key)?.[0]).filter((id) => id !== undefined);
