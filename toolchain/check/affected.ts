import type { Affected, AffectedClient, AffectedOperation } from './check-report.js';
import type { KnownOperation } from './known-operation.js';

const MOST_LISTED = 100;

/** Operations as a report lists them: most frequent first. */
export function affectedBy(operations: readonly KnownOperation[]): Affected {
  const sorted = operations.toSorted(byFrequency);
  return {
    count: operations.length,
    operations: sorted.slice(0, MOST_LISTED).map(affectedOperation),
    clients: clientsOf(operations),
  };
}

export const byFrequency = (left: KnownOperation, right: KnownOperation): number => right.count - left.count;

export const affectedOperation = ({ name, signature, place, count, lastSeen }: KnownOperation): AffectedOperation => ({
  name,
  signature,
  place,
  count,
  lastSeen: lastSeen?.toISOString() ?? null,
});

/** Who sent the operations: added up by name and version, most frequent first, at most 100 of them. */
export function clientsOf(operations: readonly KnownOperation[]): readonly AffectedClient[] {
  const clients = new Map<string, AffectedClient & { readonly plans: string[] }>();
  for (const { clients: senders, lastSeen } of operations)
    for (const { name, version, plan, count } of senders) {
      const key = JSON.stringify([name, version]);
      const before = clients.get(key);
      const seen = lastSeen?.toISOString() ?? '';
      clients.set(key, {
        name,
        version,
        plans: [...new Set([...(before?.plans ?? []), ...(plan === null ? [] : [plan])])].sort(),
        count: (before?.count ?? 0) + count,
        lastSeen: before && before.lastSeen > seen ? before.lastSeen : seen,
      });
    }
  return [...clients.values()].sort((left, right) => right.count - left.count).slice(0, MOST_LISTED);
}
