import type { PlatformForgeWork } from '../../context.js';

/** How many days an artifact is kept where a tenant said nothing. */
export const DEFAULT_KEEP_DAYS = 30;

export async function keepDaysOf(db: PlatformForgeWork['db']): Promise<number> {
  const setting = await db.setting.findFirst();
  return setting?.keepDays ?? DEFAULT_KEEP_DAYS;
}
