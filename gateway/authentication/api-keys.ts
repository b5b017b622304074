import { createHash } from 'node:crypto';
import {
  apiKeySecretHash,
  parseApiKey,
  SubgraphUnreachable,
  Unauthenticated,
  withinRanges,
  type ApiKeyParts,
  type ApiKeysPort,
  type CallerIdentity,
  type CredentialFlaw,
  type DeploymentContext,
  type VerifiedApiKey,
} from '@inevitable/contract';
import { LRUCache } from 'lru-cache';
import { CredentialRefused } from './credential-refused.js';
import type { RevocationView } from './revocation-view.js';

const CACHED_KEYS = 10_000;
/** What identity said is believed for so long, though nothing was heard to change it. */
const BELIEVED_MS = 60_000;
const CACHED_REFUSALS = 10_000;
/** A client that goes on with a key that ended asks identity no more often. */
const REFUSED_MS = 10_000;
/**
 * Of keys that never held here: made-up ones cannot storm identity. Those that did are asked for whatever others send, so
 * that a flood locks out nobody who was there before it.
 */
const ASKED_AT_ONCE = 64;

export interface ApiKeysOptions {
  /** Keys of another are none here. */
  readonly deployment: DeploymentContext;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface ApiKeys {
  /**
   * Who calls with a key that holds now, at once where it was verified within the last minute. Rejects with `Unauthenticated`
   * when it does not, whatever the reason, and with `SubgraphUnreachable` when that cannot be known. `address`: where it was
   * presented from.
   */
  verify(key: string, address: string | null): CallerIdentity | Promise<CallerIdentity>;
  /** The same for whoever will ask again and again. Rejects as `verify`. */
  keep(key: string, address: string | null): Promise<KeptApiKey>;
}

export interface KeptApiKey {
  /** Throws as `verify` rejects, once the key has ended, or anything it rests on has changed. */
  identity(): CallerIdentity;
}

interface Entry {
  readonly key: VerifiedApiKey;
  readonly identity: CallerIdentity;
  readonly expiresAt: number;
  /** Then it is asked for again. */
  readonly until: number;
  readonly isAllowed: (address: string | null) => boolean;
}

/** Presented to this gateway, and well formed. */
interface Presented extends ApiKeyParts {
  /** Of the whole key: the key itself is kept nowhere. */
  readonly digest: string;
  readonly address: string | null;
}

/** Verifies API keys with identity, and remembers what it said until the revocation feed says that it changed. */
export function apiKeys(
  identity: ApiKeysPort,
  revocations: RevocationView,
  { deployment, now }: ApiKeysOptions,
): ApiKeys {
  const held = new LRUCache<string, Entry>({ max: CACHED_KEYS });
  /** Until when, by key and address. */
  const refusals = new LRUCache<string, number>({ max: CACHED_REFUSALS });
  const asking = new Map<string, Promise<Entry | null>>();
  let strangers = 0;

  /** Null: identity has to be asked. */
  function known({ digest, address }: Presented): Entry | null {
    const entry = held.get(digest);
    return entry && now() < entry.until && holds(entry, address) ? entry : null;
  }

  const holds = (entry: Entry, address: string | null): boolean =>
    now() < entry.expiresAt && entry.isAllowed(address) && !revocations.isKeyRevoked(entry.key);

  function assertTrustworthy(): void {
    if (!revocations.isTrustworthy()) throw unreachable(revocations.health().reason ?? '');
  }

  async function ask(presented: Presented): Promise<Entry | null> {
    const { id, secret, digest, address } = presented;
    const isStranger = !held.has(digest);
    if (isStranger && strangers >= ASKED_AT_ONCE) throw unreachable('Too many API keys are being verified.');
    if (isStranger) strangers++;
    try {
      const askedAt = now();
      const verdict = await identity.verify({ id, secretHash: apiKeySecretHash(secret), address });
      if (verdict.kind === 'refused') return null;
      const entry = entryOf(verdict.key, askedAt + BELIEVED_MS);
      held.set(digest, entry);
      return entry;
    } catch (error) {
      throw new SubgraphUnreachable('identity', error);
    } finally {
      if (isStranger) strangers--;
    }
  }

  /** Single flight: whoever presents it meanwhile, from the same place, waits for the same answer. */
  async function askOnce(presented: Presented): Promise<Entry> {
    const { digest, address } = presented;
    const place = `${digest} ${address ?? ''}`;
    if (now() < (refusals.get(place) ?? 0)) throw refused('refused-by-identity');
    let answer = asking.get(place);
    if (!answer) {
      answer = ask(presented).finally(() => asking.delete(place));
      asking.set(place, answer);
    }
    const entry = await answer;
    if (entry) return entry;
    refusals.set(place, now() + REFUSED_MS);
    throw refused('refused-by-identity');
  }

  async function verified(presented: Presented): Promise<Entry> {
    assertTrustworthy();
    const entry = known(presented) ?? (await askOnce(presented));
    if (holds(entry, presented.address)) return entry;
    // Something was taken back while identity was asked: what it says now knows of that.
    const again = await askOnce(presented);
    if (holds(again, presented.address)) return again;
    throw refused('revoked');
  }

  /** Null: it is none of ours, whoever made it, and identity need not be asked. */
  function present(text: string, address: string | null): Presented | null {
    const parts = parseApiKey(text);
    if (!parts || parts.deployment !== deployment) return null;
    return { ...parts, digest: createHash('sha256').update(text).digest('base64'), address };
  }

  return {
    verify(text, address) {
      const presented = present(text, address);
      if (!presented) return Promise.reject(refused('malformed'));
      const entry = revocations.isTrustworthy() ? known(presented) : null;
      return entry ? entry.identity : verified(presented).then((found) => found.identity);
    },
    async keep(text, address) {
      const presented = present(text, address);
      if (!presented) throw refused('malformed');
      let entry = await verified(presented);
      let ended: unknown = null;
      let isRenewing = false;
      /** Beside the events that go on meanwhile; a failure is tried again with the next one. */
      const renew = async (): Promise<void> => {
        isRenewing = true;
        try {
          entry = await verified(presented);
        } catch (error) {
          if (error instanceof Unauthenticated) ended = error;
        }
        isRenewing = false;
      };
      return {
        identity() {
          assertTrustworthy();
          if (ended !== null) throw ended;
          if (!holds(entry, address)) throw refused('revoked');
          if (now() >= entry.until && !isRenewing) void renew();
          return entry.identity;
        },
      };
    },
  };
}

/** One answer for every flaw: the reader may be the one who made the key up. */
const refused = (flaw: CredentialFlaw): CredentialRefused => new CredentialRefused('The API key is not valid.', flaw);

const unreachable = (why: string): SubgraphUnreachable => new SubgraphUnreachable('identity', new Error(why));

function entryOf(key: VerifiedApiKey, until: number): Entry {
  const { id, tenantId, plan, entitlementsDigest, may, allowedIps } = key;
  const isWithin = withinRanges(allowedIps);
  return {
    key,
    identity: Object.freeze({
      tenant: Object.freeze({ id: tenantId, plan, entitlementsDigest }),
      caller: Object.freeze({ kind: 'apiKey' as const, keyId: id }),
      sessionId: null,
      roles: Object.freeze([]),
      may: new Set(may),
    }),
    expiresAt: Date.parse(key.expiresAt),
    until,
    isAllowed: allowedIps.length === 0 ? () => true : (address) => address !== null && isWithin(address),
  };
}
