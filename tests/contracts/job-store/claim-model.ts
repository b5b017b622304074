export interface ModelJob {
  readonly id: string;
  readonly tenantId: string | null;
  readonly priority: number;
  /** ISO 8601. */
  readonly runAt: string;
}

export interface ModelClaim {
  readonly ready: readonly ModelJob[];
  /** Running in the worker that claims. */
  readonly here: readonly ModelJob[];
  readonly elsewhere: readonly ModelJob[];
  readonly room: number;
  readonly perTenant: number | null;
  readonly perProduct: number | null;
  readonly share: number | null;
  /** By tenant: the highest fence it ever got. */
  readonly served: ReadonlyMap<string | null, number>;
}

/**
 * The ids that a claim of one definition takes, said as plainly as it can be: each job's rank is how many of its tenant
 * run or stand before it; ranks first, then whose turn is longest ago, then priority, due time and age.
 */
export function claimModel({
  ready,
  here,
  elsewhere,
  room,
  perTenant,
  perProduct,
  share,
  served,
}: ModelClaim): readonly string[] {
  const running = [...here, ...elsewhere];
  const places = Math.max(0, Math.min(room, (perProduct ?? Infinity) - running.length));
  const ranked = [...new Set(ready.map(({ tenantId }) => tenantId))].flatMap((tenantId) => {
    const isOfTenant = (job: ModelJob): boolean => job.tenantId === tenantId;
    const runs = running.filter(isOfTenant).length;
    const shared = tenantId === null ? Infinity : (share ?? Infinity) - here.filter(isOfTenant).length;
    const most = Math.max(0, Math.min((perTenant ?? Infinity) - runs, shared));
    return ready
      .filter(isOfTenant)
      .toSorted(byUrgency)
      .slice(0, most)
      .map((job, index) => ({
        ...job,
        rank: runs + index + 1,
        turn: served.get(tenantId) ?? 0,
      }));
  });
  return ranked
    .toSorted((a, b) => a.rank - b.rank || a.turn - b.turn || byUrgency(a, b))
    .slice(0, places)
    .map(({ id }) => id);
}

const byUrgency = (a: ModelJob, b: ModelJob): number =>
  b.priority - a.priority || compare(a.runAt, b.runAt) || compare(a.id, b.id);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
