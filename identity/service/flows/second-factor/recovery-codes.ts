import { createHash, randomInt } from 'node:crypto';
import type { UserId } from '@inevitable/contract';
import type { Rows } from '../../store/system-database.js';

const CODES = 10;
/** Lower-case letters and digits without those that look alike (Crockford's base 32): 5 bits each. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const GROUPS = 4;
const GROUP_LENGTH = 4;

/** 80 random bits, `0abc-1def-2ghj-3kmn`. */
const newRecoveryCode = (): string =>
  Array.from({ length: GROUPS }, () =>
    Array.from({ length: GROUP_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  ).join('-');

/** What is stored: random enough that one fast round does. In whatever case, and with or without hyphens. */
export const hashOfRecoveryCode = (code: string): Buffer =>
  createHash('sha256').update(code.replaceAll('-', '').toLowerCase()).digest();

/** New recovery codes in place of all others of the person; shown this once. */
export async function replaceRecoveryCodes(rows: Rows, userId: UserId): Promise<readonly string[]> {
  const codes = Array.from({ length: CODES }, newRecoveryCode);
  await rows('delete from recovery_codes where user_id = $1', [userId]);
  await rows('insert into recovery_codes (user_id, hash) select $1, unnest($2::bytea[])', [
    userId,
    codes.map(hashOfRecoveryCode),
  ]);
  return codes;
}
