import { randomBytes } from 'node:crypto';
import type { Rows } from '../store/system-database.js';
import { hashOf } from './refresh-tokens.js';

export type OneTimePurpose = 'reset-password' | 'change-email' | 'invitation';

/** Whom a token is about (a user's id, or an invitation's), and the address it was sent to. */
export interface OneTimeSubject {
  readonly subject: string;
  readonly email: string;
}

export interface OneTimeTokenToIssue extends OneTimeSubject {
  readonly purpose: OneTimePurpose;
  readonly minutes: number;
}

/** 256 random bits, for a link in a mail. */
export const newOneTimeToken = (): string => randomBytes(32).toString('base64url');

/** A token that works once; stored as its hash alone. */
export async function issueOneTimeToken(rows: Rows, issued: OneTimeTokenToIssue): Promise<string> {
  const token = newOneTimeToken();
  await rows(
    `insert into one_time_tokens (hash, purpose, subject, email, expires_at)
     values ($1, $2, $3, $4, stack_now() + make_interval(mins => $5))`,
    [hashOf(token), issued.purpose, issued.subject, issued.email, issued.minutes],
  );
  return token;
}

/** Spends a token, in one atomic statement: of any number of racers one is told whom it is about. null: it does not hold. */
export async function claimOneTimeToken(
  rows: Rows,
  purpose: OneTimePurpose,
  token: string,
): Promise<OneTimeSubject | null> {
  const [claimed] = await rows<OneTimeSubject>(
    `update one_time_tokens set used_at = stack_now()
     where hash = $1 and purpose = $2 and used_at is null and expires_at > stack_now() returning subject, email`,
    [hashOf(token), purpose],
  );
  return claimed ?? null;
}

/** Whom a token is about while it holds. It may be spent by the next moment: only `claimOneTimeToken` decides. */
export async function peekOneTimeToken(
  rows: Rows,
  purpose: OneTimePurpose,
  token: string,
): Promise<OneTimeSubject | null> {
  const [found] = await rows<OneTimeSubject>(
    `select subject, email from one_time_tokens
     where hash = $1 and purpose = $2 and used_at is null and expires_at > stack_now()`,
    [hashOf(token), purpose],
  );
  return found ?? null;
}

/** Every link that was sent for the person's password or address is void. */
export async function voidTokensOfPerson(rows: Rows, userId: string): Promise<void> {
  await rows(
    `update one_time_tokens set used_at = stack_now()
     where purpose in ('reset-password', 'change-email') and subject = $1 and used_at is null`,
    [userId],
  );
}
