import type { Check, Said, Verdict } from './check.js';
import { clockCheck } from './clock.js';
import { dataDirectoryCheck } from './data-directory.js';
import { databaseCheck } from './database.js';
import { gitCheck } from './git.js';
import { identityCheck } from './identity.js';
import { installedCheck } from './installed.js';
import { jobStoreCheck } from './job-store.js';
import { machineCheck } from './machine.js';
import type { Patient } from './patient.js';
import { portsCheck } from './ports.js';
import { registryCheck } from './registry.js';
import { runningStackCheck } from './running-stack.js';
import { servicesCheck } from './services.js';
import { settingsCheck } from './settings.js';
import { supergraphCheck } from './supergraph.js';

export interface CheckSaid {
  readonly check: string;
  /** The worst of what it says. */
  readonly verdict: Verdict;
  readonly said: readonly Said[];
}

/** What waits for others: run together. */
const WAITING: readonly Check[] = [
  machineCheck(),
  settingsCheck,
  installedCheck,
  gitCheck,
  dataDirectoryCheck,
  databaseCheck,
  jobStoreCheck,
  clockCheck(),
  identityCheck,
  servicesCheck,
  portsCheck,
  runningStackCheck,
];
/** What keeps this process busy: after the others, whose time would be over meanwhile. */
const BUSY: readonly Check[] = [supergraphCheck, registryCheck];

export const EVERY_CHECK: readonly Check[] = [...WAITING, ...BUSY];

const CHECK_WITHIN_MS = 5_000;

/** Runs all of them; none takes longer than 5 s, and none that fails hides another. */
export async function examine(patient: Patient, withinMs = CHECK_WITHIN_MS): Promise<readonly CheckSaid[]> {
  // Loading the products' modules is work of this process, too: the clock of nobody runs meanwhile.
  await within('products', withinMs, () => patient.products().then(() => []));
  const waited = await Promise.all(WAITING.map((check) => runCheck(check, patient, withinMs)));
  for (const check of BUSY) waited.push(await runCheck(check, patient, withinMs));
  return waited;
}

export async function runCheck(check: Check, patient: Patient, withinMs = CHECK_WITHIN_MS): Promise<CheckSaid> {
  const said = await within(check.name, withinMs, (signal) => check.run(patient, signal));
  return { check: check.name, verdict: worstOf(said), said };
}

async function within(
  name: string,
  withinMs: number,
  work: (signal: AbortSignal) => Promise<readonly Said[]>,
): Promise<readonly Said[]> {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeOver = new Promise<readonly Said[]>((resolve) => {
    timer = setTimeout(() => {
      late.abort();
      const message = `This was not known after ${withinMs / 1_000} s.`;
      resolve([{ verdict: 'problem', message, remedy: `Look at what "${name}" is about: something does not answer.` }]);
    }, withinMs);
  });
  try {
    return await Promise.race([work(late.signal), timeOver]);
  } catch (error) {
    const message = `This could not be found out: ${(error as Error).message}`;
    return [{ verdict: 'problem', message, remedy: 'Mend what it names, and look again.' }];
  } finally {
    clearTimeout(timer);
  }
}

const RANKS: readonly Verdict[] = ['ok', 'warning', 'problem'];

export const worstOf = (said: readonly { readonly verdict: Verdict }[]): Verdict =>
  RANKS[Math.max(0, ...said.map(({ verdict }) => RANKS.indexOf(verdict)))]!;
