import type { PlatformForgeWork } from '../../context.js';

/**
 * Of the generations, those whose artifact is a platform's or may become one. One statement, so that one snapshot: a
 * generation is under way until the platform has its artifact.
 */
export async function artifactsInUse(db: PlatformForgeWork['db'], ids: readonly string[]): Promise<readonly string[]> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    select id from generations where id = any(${ids}::uuid[]) and ended_at is null
    union all
    select artifact_id from platforms where artifact_id = any(${ids}::uuid[])`;
  return rows.map(({ id }) => id);
}

export async function templatesInUse(db: PlatformForgeWork['db'], ids: readonly string[]): Promise<readonly string[]> {
  const rows = await db.template.findMany({ where: { id: { in: [...ids] } }, select: { id: true } });
  return rows.map(({ id }) => id);
}
