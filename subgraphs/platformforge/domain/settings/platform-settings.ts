import type { UserId } from '@inevitable/kit';
import { z } from 'zod';
import type { PlatformForgeWork } from '../../context.js';
import { keepDaysOf } from './keep-days.js';

export interface PlatformSettings {
  readonly keepDays: number;
}

/** In days; also what a backup may hold. */
export const keepDays = z.int().min(1).max(3_650);

export const changedSettings = z.strictObject({ keepDays: keepDays.nullish() });
export type ChangedSettings = z.infer<typeof changedSettings>;

/** Of the tenant, with what it never said filled in. */
export async function readSettings(db: PlatformForgeWork['db']): Promise<PlatformSettings> {
  return { keepDays: await keepDaysOf(db) };
}

/** What is left out stays. For platforms generated from now on. */
export async function updateSettings(
  { db }: PlatformForgeWork,
  { keepDays: days }: ChangedSettings,
  userId: UserId,
): Promise<PlatformSettings> {
  if (days != null) await writeSettings(db, { keepDays: days, updatedBy: userId });
  return readSettings(db);
}

/** One statement, so that two at once do not both find nothing and both insert. */
export async function writeSettings(
  db: PlatformForgeWork['db'],
  { keepDays: days, updatedBy }: PlatformSettings & { readonly updatedBy: string },
): Promise<void> {
  await db.$executeRaw`
    insert into settings (keep_days, updated_by) values (${days}, ${updatedBy}::uuid)
    on conflict (tenant_id) do update set keep_days = excluded.keep_days, updated_by = excluded.updated_by`;
}
