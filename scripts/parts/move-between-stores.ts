import { setTimeout as pause } from 'node:timers/promises';
import {
  abandonMove,
  checkMongoJobs,
  JobNotKept,
  moveJobs,
  MoveRefused,
  openJobDepot,
  type JobDepot,
  type Moved,
  type MoveProgress,
} from '@inevitable/kit/host';
import type { CommandWorld } from '../commands/command.js';
import { BadSetting, type Settings } from '../settings/settings.js';
import { Closers } from './closers.js';
import { openDataDirectory } from './data-directory.js';
import { openDatabases, type Databases } from './databases.js';

export type JobDatabaseKind = JobDepot['kind'];

export interface MoveCommandFlags {
  readonly from: JobDatabaseKind;
  readonly to: JobDatabaseKind;
  /** Seconds. */
  readonly wait: number;
  readonly abandon?: true;
}

export interface MoveCommandOutcome {
  /** False: nothing was changed, or not to its end. */
  readonly ok: boolean;
  readonly outcome: 'moved' | 'moved before' | 'abandoned' | 'refused';
  readonly message: string;
  readonly from: JobDatabaseKind;
  readonly to: JobDatabaseKind;
  /** What the two had alike when it left the first; null: nothing was moved now. */
  readonly moved: Moved | null;
}

const DAY_MS = 86_400_000;
/** Somebody watches, and the rest of the line is a number. */
const TOLD_EVERY_MS = 2_000;

/** Throws what opening a database throws, and `BadSetting` without MONGODB_URI. */
export async function moveBetweenStores(world: CommandWorld, flags: MoveCommandFlags): Promise<MoveCommandOutcome> {
  const settings = world.settings();
  const { mongodbUri } = settings;
  if (mongodbUri === undefined)
    throw new BadSetting('MONGODB_URI is not set, and says which MongoDB is meant. Set it for this command.');
  const closers = new Closers();
  const line = (text: string): void => world.complain(`  ${text}\n`);
  try {
    // Not openPlaces: jobs can be moved where no supergraph.yaml is, and between two stores of which both are set.
    await openDataDirectory(settings.dataDir);
    const databases = openDatabases(settings, line);
    closers.add('database', () => databases.close());
    const depots = new Map<JobDatabaseKind, JobDepot>();
    for (const kind of ['postgres', 'mongodb'] as const) {
      const depot = await openJobDepot(await urlOf(kind, databases, mongodbUri));
      closers.add(depot.place, () => depot.close());
      depots.set(kind, depot);
    }
    return await moved(depots.get(flags.from)!, depots.get(flags.to)!, settings, flags, line);
  } finally {
    await closers.closeAll();
  }
}

async function urlOf(kind: JobDatabaseKind, databases: Databases, mongodbUri: string): Promise<string> {
  if (kind === 'postgres') return (await databases.preparePostgresJobs()).runnerUrl;
  await checkMongoJobs(mongodbUri);
  return mongodbUri;
}

async function moved(
  source: JobDepot,
  target: JobDepot,
  { jobsKeepDays }: Settings,
  { from, to, wait, abandon }: MoveCommandFlags,
  line: (text: string) => void,
): Promise<MoveCommandOutcome> {
  const said = (ok: boolean, outcome: MoveCommandOutcome['outcome'], message: string, all: Moved | null = null) => ({
    ok,
    outcome,
    message,
    from,
    to,
    moved: all,
  });
  try {
    if (abandon) {
      const copies = await abandonMove(source, target);
      return said(
        true,
        'abandoned',
        `The move is taken back: ${copies} copies are removed from ${target.place}, and jobs run in ${source.place} again.`,
      );
    }
    const all = await moveJobs(source, target, {
      keepMs: jobsKeepDays * DAY_MS,
      waitMs: wait * 1_000,
      told: progressLines(source, target, line),
      pause: (ms) => pause(ms),
    });
    const next = `${to === 'mongodb' ? 'Set' : 'Unset'} MONGODB_URI for every part of the stack, and start it.`;
    if (!all)
      return said(
        true,
        'moved before',
        `The jobs of ${source.place} had been moved to ${target.place}; nothing is left of them. ${next}`,
      );
    return said(true, 'moved', `${inWords(all, source, target)}\n${next}`, all);
  } catch (error) {
    if (error instanceof MoveRefused || error instanceof JobNotKept) return said(false, 'refused', error.message);
    throw error;
  }
}

function inWords(
  { jobs, open, definitions, schedules, firings, sha256, inBoth }: Moved,
  source: JobDepot,
  target: JobDepot,
): string {
  return [
    `Moved ${jobs} jobs (${open} of them open) from ${source.place} to ${target.place}.`,
    `With them ${definitions} definitions, ${schedules} schedules and ${firings} due times that were run.`,
    ...(inBoth ? [`${inBoth} jobs were in both: what had ended was kept, or else what was there.`] : []),
    `The same on both sides: ${jobs} jobs, sha256 ${sha256}.`,
  ].join('\n');
}

/** The first of each step, and then one every two seconds. */
function progressLines(source: JobDepot, target: JobDepot, line: (text: string) => void) {
  const titles: Readonly<Record<MoveProgress['step'], string>> = {
    waiting: 'waiting for workers to leave and runs to end',
    copying: `copying to ${target.place}`,
    comparing: 'comparing both',
    removing: `removing from ${source.place}`,
  };
  let [last, toldAt]: [MoveProgress['step'] | null, number] = [null, 0];
  return ({ step, jobs, of }: MoveProgress): void => {
    const now = performance.now();
    if (step === last && now - toldAt < TOLD_EVERY_MS) return;
    [last, toldAt] = [step, now];
    line(of ? `${titles[step]}: ${jobs} of ${of}` : `${titles[step]} …`);
  };
}
