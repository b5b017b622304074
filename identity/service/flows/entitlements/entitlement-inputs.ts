import { BadUserInput, type UserId } from '@inevitable/contract';
import { plainText } from '@inevitable/kit';
import { z } from 'zod';
import type { Origin } from '../../audit/origin.js';
import type { Rows } from '../../store/system-database.js';

/** Far above any plan, and sums of a thousand of them are still exact in JSON. */
const LARGEST_AMOUNT = 1_000_000_000_000;

/** Slug or id. */
export const tenantText = plainText({ min: 1, max: 100 });
export const featureText = plainText({ min: 1, max: 200 });
/** For the operators who read it later. */
export const reasonText = plainText({ min: 1, max: 500 });
/** A whole number up to a trillion. */
export const amountFrom = (least: number) => z.int().min(least).max(LARGEST_AMOUNT);
export const endText = z.date().nullish();

/** Who decided it, for the row; null: an operator. */
export const authorOf = ({ actor }: Origin): UserId | null => (actor.kind === 'user' ? actor.id : null);

/** Throws `BadUserInput` for an end that is over: nobody would notice that nothing came of it. */
export async function assertAhead(rows: Rows, end: Date | null | undefined): Promise<void> {
  if (!end) return;
  const [clock] = await rows<{ ahead: boolean }>('select $1::timestamptz > stack_now() as ahead', [end]);
  if (!clock!.ahead) throw new BadUserInput('must be in the future', 'input.expiresAt');
}
