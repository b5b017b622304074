import type { PlatformForgeWork } from '../context.js';

/** The one source of time that is compared with times in rows. */
export async function databaseNow(db: PlatformForgeWork['db']): Promise<Date> {
  const [row] = await db.$queryRaw<{ now: Date }[]>`select stack_now() as now`;
  return row!.now;
}
