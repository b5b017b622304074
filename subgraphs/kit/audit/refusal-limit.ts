import type { TenantId } from '@inevitable/contract';
import { LRUCache } from 'lru-cache';

/** Of one tenant, in one process: whoever is refused in a loop fills no disk. */
const PER_MINUTE = 60;
const MINUTE_MS = 60_000;
const KNOWN_TENANTS = 10_000;
const NOBODYS = 'nobody';

interface Window {
  endsAt: number;
  used: number;
  leftOut: number;
}

/** Which refusals of a tenant, or of no tenant (null), are recorded. */
export interface RefusalLimit {
  /** How many were left out since the last one that was not; null: this one is left out, too. */
  claim(tenantId: TenantId | null): { readonly leftOut: number } | null;
  /** This one is left out for another reason: the next one that is not tells of it. */
  leaveOut(tenantId: TenantId | null): void;
}

/** At most 60 a minute and tenant. `now`: epoch milliseconds. */
export function refusalLimit(now: () => number = Date.now): RefusalLimit {
  const windows = new LRUCache<string, Window>({ max: KNOWN_TENANTS });
  const windowOf = (tenantId: TenantId | null): Window => {
    const window = windows.get(tenantId ?? NOBODYS) ?? { endsAt: 0, used: 0, leftOut: 0 };
    windows.set(tenantId ?? NOBODYS, window);
    return window;
  };
  return {
    claim(tenantId) {
      const window = windowOf(tenantId);
      if (now() >= window.endsAt) Object.assign(window, { endsAt: now() + MINUTE_MS, used: 0 });
      if (window.used >= PER_MINUTE) {
        window.leftOut += 1;
        return null;
      }
      window.used += 1;
      const { leftOut } = window;
      window.leftOut = 0;
      return { leftOut };
    },
    leaveOut(tenantId) {
      windowOf(tenantId).leftOut += 1;
    },
  };
}
