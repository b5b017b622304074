/** One part's state, in words an operator can act on. */
export interface PartHealth {
  readonly name: string;
  readonly ready: boolean;
  /** Why it is not ready; null when it is. */
  readonly reason: string | null;
}

export type HealthCheck = () => Promise<PartHealth> | PartHealth;

export const ready = (name: string): PartHealth => ({ name, ready: true, reason: null });
export const notReady = (name: string, reason: string): PartHealth => ({ name, ready: false, reason });

export interface HealthReport {
  readonly status: 'ready' | 'not ready';
  readonly parts: readonly PartHealth[];
}

/** Runs every check; one that throws or takes longer than `timeoutMs` is a part that is not ready. */
export async function checkHealth(
  checks: Readonly<Record<string, HealthCheck>>,
  timeoutMs = 2_000,
): Promise<HealthReport> {
  const parts = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<PartHealth>((resolve) => {
        timer = setTimeout(resolve, timeoutMs, notReady(name, `did not answer within ${timeoutMs} ms`));
      });
      try {
        return await Promise.race([(async () => check())(), late]);
      } catch (error) {
        return notReady(name, error instanceof Error ? error.message : String(error));
      } finally {
        clearTimeout(timer);
      }
    }),
  );
  return { status: parts.every((part) => part.ready) ? 'ready' : 'not ready', parts };
}

export const healthStatusCode = (report: HealthReport): 200 | 503 => (report.status === 'ready' ? 200 : 503);

/** Once a second is soon enough for whoever looks at a report. */
const LOOK_EVERY_MS = 1_000;

/**
 * The check, made once a second at most, however often it is asked: anybody may ask for `/ready` and `/health`, and a look may
 * cost a disk, a database or another process something. `now`: milliseconds.
 */
export function lookedAtOften(check: HealthCheck, now: () => number = () => performance.now()): HealthCheck {
  let last: { readonly at: number; readonly seen: PartHealth | Promise<PartHealth> } | null = null;
  return () => {
    const at = now();
    if (!last || at - last.at >= LOOK_EVERY_MS) last = { at, seen: check() };
    return last.seen;
  };
}
