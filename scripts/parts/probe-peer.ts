import { notReady, ready, type HealthReport, type PartHealth } from '@inevitable/contract';

/** The state of a process that runs apart, by its `/ready`. */
export async function probePeer(name: string, url: string): Promise<PartHealth> {
  let response: Response;
  try {
    response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) });
  } catch {
    return notReady(name, `does not answer at ${url}`);
  }
  if (response.ok) return ready(name);
  const report = (await response.json().catch(() => null)) as Partial<HealthReport> | null;
  const reasons = report?.parts?.filter((part) => !part.ready).map((part) => `${part.name}: ${part.reason}`);
  return notReady(name, reasons?.join('; ') || `answers ${response.status} at ${url}/ready`);
}
