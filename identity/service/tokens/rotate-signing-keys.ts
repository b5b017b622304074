import { appendAudit } from '../audit/append-audit.js';
import type { Origin } from '../audit/origin.js';
import type { Seal } from '../store/seal.js';
import type { Rows, SystemDatabase } from '../store/system-database.js';
import { changeSigningKeys, makeMissingKeys, RETIRED_MINUTES } from './signing-keys.js';

export interface SigningKeyDeps {
  readonly db: SystemDatabase;
  readonly seal: Seal;
}

/** How long a key is published before it signs. Gateways ask for new ones every minute, and may miss a few answers. */
export const PUBLISHED_MINUTES = 5;
const LONGEST_CURRENT_DAYS = 30;

export type KeyRotation =
  | { readonly kind: 'rotated'; readonly current: string; readonly retired: string }
  /** A gateway may not know the next key yet, and would refuse its tokens. */
  | { readonly kind: 'tooEarly'; readonly next: string; readonly publishedAt: Date };

interface LiveKeys {
  readonly current: string;
  readonly next: string;
  readonly publishedAt: Date;
  /** The next one was published long enough ago. */
  readonly mayRotate: boolean;
  /** The current one has signed long enough. */
  readonly isDue: boolean;
}

/**
 * The next key becomes the current one, the current one is retired, and a new next one is published, in one transaction:
 * every token is signed by a published key at every moment. Sessions and tokens stay as they are.
 */
export const rotateSigningKeys = (origin: Origin, { db, seal }: SigningKeyDeps): Promise<KeyRotation> =>
  changeSigningKeys(db, async (rows) => {
    const keys = await liveKeys(rows);
    if (keys.mayRotate) return rotate(rows, keys, origin, seal);
    await appendAudit(rows, { ...entryOf(origin), outcome: 'refused', reason: 'the next key is too young' });
    return { kind: 'tooEarly', next: keys.next, publishedAt: keys.publishedAt };
  });

/** What the daily run did. */
export interface KeptSigningKeys {
  readonly rotated: boolean;
  /** Retired ones that nobody needs any more. */
  readonly removed: number;
}

/** Rotates when the current key has signed for 30 days, and removes retired ones with their private halves. */
export const keepSigningKeys = (origin: Origin, { db, seal }: SigningKeyDeps): Promise<KeptSigningKeys> =>
  changeSigningKeys(db, async (rows) => {
    const removed = await rows(
      `delete from signing_keys where state = 'retired'
       and retired_at <= stack_now() - interval '${RETIRED_MINUTES} minutes' returning kid`,
    );
    const keys = await liveKeys(rows);
    const rotated = keys.isDue && keys.mayRotate;
    if (rotated) await rotate(rows, keys, origin, seal);
    return { rotated, removed: removed.length };
  });

async function liveKeys(rows: Rows): Promise<LiveKeys> {
  const [keys] = await rows<LiveKeys>(
    `select c.kid as current, n.kid as next, n.created_at as "publishedAt",
       n.created_at <= stack_now() - interval '${PUBLISHED_MINUTES} minutes' as "mayRotate",
       c.current_since <= stack_now() - interval '${LONGEST_CURRENT_DAYS} days' as "isDue"
     from signing_keys c join signing_keys n on c.state = 'current' and n.state = 'next'`,
  );
  return keys!; // identity does not start without them, and whoever takes one away makes another in its place
}

/** The audit is the last of it: its head stays locked until the commit. */
async function rotate(
  rows: Rows,
  { current: retired, next: current }: LiveKeys,
  origin: Origin,
  seal: Seal,
): Promise<KeyRotation> {
  await rows(`update signing_keys set state = 'retired', retired_at = stack_now() where kid = $1`, [retired]);
  await makeMissingKeys(rows, seal);
  await appendAudit(rows, {
    ...entryOf(origin),
    outcome: 'success',
    subject: { type: 'signingKey', id: current },
    details: { retired },
  });
  return { kind: 'rotated', current, retired };
}

const entryOf = (origin: Origin) => ({ tenantId: null, origin, action: 'identity.rotate-signing-keys' });
