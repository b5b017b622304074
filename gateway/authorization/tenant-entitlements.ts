import type { Entitlements, EntitlementsPort, TenantSeen } from '@inevitable/contract';
import { LRUCache } from 'lru-cache';

const CACHED_TENANTS = 10_000;
const RECHECK_AFTER_MS = 5_000;

interface Known {
  readonly entitlements: Entitlements;
  /** Epoch milliseconds. */
  readonly askAgainAt: number;
}

export type EntitlementsOf = (tenant: TenantSeen) => Entitlements | Promise<Entitlements>;

/**
 * What a tenant may use, asked for once for each digest of its entitlements: a change of plan shows with the first token that
 * was issued after it. Requests that come meanwhile wait for the same question. A failure is everybody's who waited, and is
 * forgotten. `now` in epoch milliseconds.
 */
export function tenantEntitlements(
  port: Pick<EntitlementsPort, 'describe'>,
  now: () => number = Date.now,
): EntitlementsOf {
  const known = new LRUCache<string, Known>({ max: CACHED_TENANTS });
  /** Of those who asked before with the same token, for whom no key has to be made. */
  const seen = new WeakMap<TenantSeen, Known>();
  const asked = new Map<string, Promise<Entitlements>>();

  async function ask(key: string, { id, entitlementsDigest }: TenantSeen): Promise<Entitlements> {
    const entitlements = await port.describe(id);
    // Token and identity may disagree: one of them is older. Kept briefly, so that a stale answer does not stay, and an old
    // token does not ask with every request.
    const agreed = entitlements.digest === entitlementsDigest;
    known.set(key, { entitlements, askAgainAt: agreed ? Infinity : now() + RECHECK_AFTER_MS });
    return entitlements;
  }

  return (tenant) => {
    const before = seen.get(tenant);
    if (before && now() < before.askAgainAt) return before.entitlements;
    const key = `${tenant.id} ${tenant.entitlementsDigest}`;
    const found = known.get(key);
    if (found && now() < found.askAgainAt) {
      seen.set(tenant, found);
      return found.entitlements;
    }
    let answer = asked.get(key);
    if (!answer) {
      answer = ask(key, tenant).finally(() => asked.delete(key));
      asked.set(key, answer);
    }
    return answer;
  };
}
