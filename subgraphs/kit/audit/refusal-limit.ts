import type { TenantId } from '@inevitable/contract';
import { LRUCache } from 'lru-cache';

/** Of one tenant, in one process: whoever is refused in a loop fills no disk. */
const PER_MINUTE = 60;
const MINUTE_MS = 60_000;
const KNOWN_TENANTS = 10_000;

interface Window {
  endsAt: number;
  used: number;
  leftOut: number;
}

/** Whether a refusal is recorded; with it, how many were not since the last one that was. null: it is left out. */
export type RefusalLimit = (tenantId: TenantId) => { readonly leftOut: number } | null;

/** At most 60 a minute and tenant. `now`: epoch milliseconds. */
export function refusalLimit(now: () => number = Date.now): RefusalLimit {
  const windows = new LRUCache<TenantId, Window>({ max: KNOWN_TENANTS });
  return (tenantId) => {
    const window = windows.get(tenantId) ?? { endsAt: 0, used: 0, leftOut: 0 };
    windows.set(tenantId, window);
    if (now() >= window.endsAt) Object.assign(window, { endsAt: now() + MINUTE_MS, used: 0 });
    if (window.used >= PER_MINUTE) {
      window.leftOut += 1;
      return null;
    }
    window.used += 1;
    const { leftOut } = window;
    window.leftOut = 0;
    return { leftOut };
  };
}
