import type { PublicJwk } from '@inevitable/contract';
import type { Seal } from '../store/seal.js';
import type { Rows, SystemDatabase } from '../store/system-database.js';
import { newSealedKey, openSealedKey, type SealedKey, type SigningKey } from './signing-key.js';

/**
 * next: published, so that every gateway knows it before it signs; current: signs; retired: signs no more, and is published
 * until its last token is over. A withdrawn key is in none of them: its row is gone, and so is its private half.
 */
export type SigningKeyState = 'next' | 'current' | 'retired';

export interface SigningKeyRecord {
  readonly kid: string;
  readonly state: SigningKeyState;
  readonly createdAt: Date;
  /** When it began to sign. */
  readonly currentSince: Date | null;
  readonly retiredAt: Date | null;
}

/** How long a retired key stays published. Its last token is over after 15 minutes and 30 seconds for clocks that differ. */
export const RETIRED_MINUTES = 60;

/** Opens what a statement found to be the current key. Throws `WrongEncryptionSecret`. */
export type KeyOpener = (current: SealedKey) => SigningKey;

/**
 * Makes the current and the next key where they are missing, which they are at the first start, and answers what opens
 * them. It remembers the one it opened last and asks nothing itself: which key is the current one is for the statement to
 * say that reads what a token holds, so that no process signs with a key that another one has retired.
 * Throws `WrongEncryptionSecret`.
 */
export async function openSigningKeys(db: SystemDatabase, seal: Seal): Promise<KeyOpener> {
  await changeSigningKeys(db, async (rows) => {
    const live = await rows<SealedKey>(`select kid, sealed_private from signing_keys where state <> 'retired'`);
    for (const key of live) openSealedKey(key, seal); // before one is made with a secret that is not theirs
    await makeMissingKeys(rows, seal);
  });
  let last: SigningKey | null = null;
  return (current) => (last?.kid === current.kid ? last : (last = openSealedKey(current, seal)));
}

/** A transaction of which there is one at a time among all processes; readers do not wait for it. */
export const changeSigningKeys = <T>(db: SystemDatabase, work: (rows: Rows) => Promise<T>): Promise<T> =>
  db.transaction(async (rows) => {
    await rows('lock table signing_keys in share row exclusive mode');
    return work(rows);
  });

/** Within `changeSigningKeys`: leaves one current and one next key, the next taking over where there is no current one. */
export async function makeMissingKeys(rows: Rows, seal: Seal): Promise<void> {
  await rows(
    `update signing_keys set state = 'current', current_since = stack_now()
     where state = 'next' and not exists (select from signing_keys where state = 'current')`,
  );
  for (const state of ['current', 'next'] satisfies SigningKeyState[]) {
    const { kid, sealed_private, jwk } = newSealedKey(seal);
    await rows(
      `insert into signing_keys (kid, state, public_jwk, sealed_private, current_since)
       select $1, $2, $3, $4, case when $2 = 'current' then stack_now() end
       where not exists (select from signing_keys where state = $2)`,
      [kid, state, jwk, sealed_private],
    );
  }
}

/** The keys a token may be signed with, the oldest first. */
export async function publishedKeys({ rows }: SystemDatabase): Promise<readonly PublicJwk[]> {
  const keys = await rows<{ public_jwk: PublicJwk }>(
    `select public_jwk from signing_keys where ${IS_PUBLISHED} order by created_at, kid`,
  );
  return keys.map((key) => key.public_jwk);
}

/** All that are published, the oldest first. */
export const listSigningKeys = ({ rows }: SystemDatabase): Promise<readonly SigningKeyRecord[]> =>
  rows<SigningKeyRecord>(
    `select kid, state, created_at as "createdAt", current_since as "currentSince", retired_at as "retiredAt"
     from signing_keys where ${IS_PUBLISHED} order by created_at, kid`,
  );

const IS_PUBLISHED = `(state <> 'retired' or retired_at > stack_now() - interval '${RETIRED_MINUTES} minutes')`;
