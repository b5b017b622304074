import { randomUUID } from 'node:crypto';
import { inParts } from '../in-parts.js';
import { ENDED_STATES } from '../seen-jobs.js';
import { compareDepots, isNewer, type Compared } from './compare-depots.js';
import { BATCH, firingsIn, jobsIn } from './in-batches.js';
import { JobNotKept } from './job-not-kept.js';
import type { DepotHold, JobDepot, MoveMark, MoveStage } from './job-depot.js';
import type { KeptFiring, KeptJob } from './kept-job.js';
import { MoveRefused } from './move-refused.js';

// Both stores are closed to workers first; then everything is copied, compared, and only then the source is left, with one
// write. Until that write the source has all of it and the target is nobody's; after it the target has all of it. So
// whenever this is killed, no job can run in both, and running it again goes on.

export interface MoveOptions {
  /** Ended jobs that are older are removed, and not moved. Milliseconds. */
  readonly keepMs: number;
  /** How long workers that live and jobs that run are waited for. Milliseconds. */
  readonly waitMs: number;
  readonly told: (progress: MoveProgress) => void;
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
}

export interface MoveProgress {
  readonly step: 'waiting' | 'copying' | 'comparing' | 'removing';
  readonly jobs: number;
  /** About how many there are. */
  readonly of: number;
}

export interface Moved extends Compared {
  /** Jobs that both had, as one that both ran for one due time: the one that had ended was kept, or else the target's. */
  readonly inBoth: number;
}

const LOOK_AGAIN_MS = 500;

/**
 * Moves everything from one store to the other. Answers what was moved; null: it had been moved before, and what was left of
 * it in the source is removed. Throws `MoveRefused`, `JobNotKept`.
 */
export const moveJobs = (source: JobDepot, target: JobDepot, options: MoveOptions): Promise<Moved | null> =>
  alone(source, target, async (assertAlone) => {
    const [here, there] = await Promise.all([source.mark(), target.mark()]);
    await assertPossible(source, here, target, there);
    let mark: MoveMark;
    let compared: Moved | null = null;
    if (here?.stage === 'left') {
      await assertHasThem(source, target);
      mark = here;
    } else {
      const mine = here?.stage === 'copying' ? here : await begin(source, target, there, options);
      mark = mine;
      const remember = async (change: Pick<MoveMark, 'stage' | 'after'> | Pick<MoveMark, 'doubles'>): Promise<void> => {
        await assertAlone();
        mark = { ...mark, ...change };
        mark = { ...mark, why: whyClosed(mark.stage, source, target) };
        await source.setMark(mark);
      };
      const advance = (stage: MoveStage, after: string | null): Promise<void> => remember({ stage, after });
      if (mine === here) await untilIdle(source, target, options, () => Promise.resolve());
      let inBoth = 0;
      if (mark.stage === 'scanning') {
        inBoth = await dropDoubles(source, target, (ids) => remember({ doubles: [...mark.doubles, ...ids] }));
        await advance('copying', null);
      }
      try {
        await copy(source, target, mark.after, advance, options);
      } catch (error) {
        // It must run first, or go: so that it can, nothing stays closed.
        if (error instanceof JobNotKept) await takeBack(source, target, assertAlone);
        throw error;
      }
      try {
        compared = { ...(await compareAll(source, target, assertAlone, options)), inBoth };
      } catch (error) {
        await advance('copying', null); // from the first one on
        throw error;
      }
      await advance('left', null);
    }
    if (there?.move === mark.move || compared) {
      await target.settle();
      await target.setMark(null);
    }
    await empty(source, assertAlone, options);
    return compared;
  });

/** Ends a move that has not ended, as if it had not begun: the source has all of it. Answers how many copies it removed. */
export const abandonMove = (source: JobDepot, target: JobDepot): Promise<number> =>
  alone(source, target, async (assertAlone) => {
    const [here, there] = await Promise.all([source.mark(), target.mark()]);
    const isHalf = here
      ? here.stage === 'scanning' || here.stage === 'copying'
      : there?.stage === 'arriving' && there.otherId === (await source.id());
    if (!isHalf || (here && there && here.move !== there.move))
      throw new MoveRefused(`No move from ${source.place} to ${target.place} is under way.`);
    return takeBack(source, target, assertAlone);
  });

/** Answers how many copies were removed. */
async function takeBack(source: JobDepot, target: JobDepot, assertAlone: () => Promise<void>): Promise<number> {
  const [here, there] = await Promise.all([source.mark(), target.mark()]);
  const doubles = new Set(here?.doubles);
  for (const ids of inParts([...doubles], BATCH)) {
    await assertAlone();
    await source.writeJobs(await target.jobsOf(ids));
  }
  let removed = 0;
  if (here?.stage === 'copying' && there) {
    for await (const jobs of jobsIn(source)) {
      await assertAlone();
      const copies = await target.jobsOf(jobs.map(({ id }) => id).filter((id) => !doubles.has(id)));
      await target.removeJobs(copies.map(({ id }) => id));
      removed += copies.length;
    }
    if (!(await target.jobsAfter(null, 1)).length) await target.removeRest();
  }
  if (there) await target.setMark(there.before);
  if (here) await source.setMark(null);
  return removed;
}

/** One move at a time, for as long as the database says that it is this one. */
async function alone<T>(
  source: JobDepot,
  target: JobDepot,
  work: (assertAlone: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const holds: DepotHold[] = [];
  try {
    for (const depot of [source, target]) {
      const hold = await depot.hold();
      if (!hold) throw new MoveRefused(`Jobs of ${depot.place} are being moved by another "stack jobs move".`);
      holds.push(hold);
    }
    return await work(async () => {
      if (holds.some(({ isHeld }) => !isHeld))
        throw new MoveRefused('The connection to the database broke. What was moved is kept: run this again.');
    });
  } finally {
    for (const hold of holds) await hold.release();
  }
}

/** Throws `MoveRefused` where another move has not ended, or has ended elsewhere. */
async function assertPossible(
  source: JobDepot,
  here: MoveMark | null,
  target: JobDepot,
  there: MoveMark | null,
): Promise<void> {
  const refuse = (what: string): never => {
    throw new MoveRefused(what);
  };
  if (here?.stage === 'arriving')
    refuse(`A move from ${here.other} to ${source.place} has not ended. Run that one again, or end it with --abandon.`);
  if (here?.stage === 'left' && here.otherId !== (await target.id()))
    refuse(`The jobs of ${source.place} were moved to ${here.other} before: there are none to move.`);
  if (there?.stage === 'scanning' || there?.stage === 'copying')
    refuse(
      `A move from ${target.place} to ${there.other} has not ended. Run that one again, or end it with --abandon.`,
    );
  const isHalf = here?.stage === 'scanning' || here?.stage === 'copying';
  if (isHalf && there?.move !== here.move)
    refuse(
      `The jobs of ${source.place} are on their way to ${here.other}, and not to ${target.place}. Run that move again, or end it with --abandon.`,
    );
  if (!here && there?.stage === 'arriving' && there.otherId !== (await source.id()))
    refuse(
      `A move from ${there.other} to ${target.place} has not ended. Run that one again, or end it with --abandon.`,
    );
}

/** What the target's fences are raised to before it gets a job: a store that was made anew since is behind it. */
const fenceToPass = async (source: JobDepot): Promise<number> => Math.max(1, await source.lastFence());

/** The source is about to be emptied for having been moved. Throws `MoveRefused` where the target cannot be where to. */
async function assertHasThem(source: JobDepot, target: JobDepot): Promise<void> {
  if ((await target.lastFence()) >= (await fenceToPass(source))) return;
  throw new MoveRefused(
    `The jobs of ${source.place} were moved to ${target.place}, and that is not what it was: it was made anew since, or the address leads elsewhere. Nothing was removed. Restore it, or correct the address, and run this again.`,
  );
}

/** Closes both stores, when nobody works in either. Throws `MoveRefused` where somebody still does. */
async function begin(
  source: JobDepot,
  target: JobDepot,
  there: MoveMark | null,
  options: MoveOptions,
): Promise<MoveMark> {
  await source.setMark(null); // of a move that was killed before it had copied anything
  await untilIdle(source, target, options, async (depot) => {
    if (depot === source || !there) await depot.look();
  });
  await source.purge(options.keepMs);
  if (there?.stage === 'left') await empty(target, () => Promise.resolve(), options); // those of before, which went elsewhere
  const move = there?.stage === 'arriving' ? there.move : randomUUID();
  const markOf = async (stage: MoveStage, other: JobDepot): Promise<MoveMark> => ({
    move,
    other: other.place,
    otherId: await other.id(),
    why: whyClosed(stage, source, target),
    stage,
    after: null,
    doubles: [],
    before: null,
  });
  const mark = await markOf('scanning', target);
  const before = there?.stage === 'arriving' ? there.before : there;
  await target.setMark({ ...(await markOf('arriving', source)), before });
  await source.setMark(mark);
  try {
    // Who came before the mark was there may have claimed since.
    await untilIdle(source, target, { ...options, waitMs: 0 }, () => Promise.resolve());
  } catch (error) {
    await source.setMark(null);
    await target.setMark(there);
    throw error;
  }
  return mark;
}

async function untilIdle(
  source: JobDepot,
  target: JobDepot,
  { waitMs, pause, told }: MoveOptions,
  look: (depot: JobDepot) => Promise<void>,
): Promise<void> {
  for (let waited = 0; ; waited += LOOK_AGAIN_MS) {
    let busy: string | null = null;
    for (const depot of [source, target]) busy ??= await whyBusy(depot, look);
    if (busy === null) return;
    if (waited >= waitMs) throw new MoveRefused(busy);
    told({ step: 'waiting', jobs: 0, of: 0 });
    await pause(LOOK_AGAIN_MS);
  }
}

async function whyBusy(depot: JobDepot, look: (depot: JobDepot) => Promise<void>): Promise<string | null> {
  let { workers, running, unfinished } = await depot.use();
  if (!workers.length && !running && unfinished) {
    await look(depot);
    ({ workers, running, unfinished } = await depot.use());
  }
  if (workers.length)
    return `${counted(workers.length, 'worker lives', 'workers live')} in ${depot.place} (${workers.join(', ')}). Stop every part of the stack that runs jobs; a worker that was killed is gone after 30 s.`;
  if (running)
    return `${counted(running, 'job runs', 'jobs run')} in ${depot.place}, or the worker was killed and its lease goes on for some seconds. Wait until that is over.`;
  if (unfinished)
    return `${counted(unfinished, 'change', 'changes')} in ${depot.place} had begun when a worker was killed, and will be finished within seconds. Run this again.`;
  return null;
}

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/**
 * Jobs of one id are one job. Both may have it where each was used for a while: what has ended will not run again, and of
 * two that have not, or that both have, the target's is kept. `willDrop` is told those of the source that go. Answers how
 * many both had.
 */
async function dropDoubles(
  source: JobDepot,
  target: JobDepot,
  willDrop: (ids: readonly string[]) => Promise<void>,
): Promise<number> {
  if (!(await target.jobsAfter(null, 1)).length) return 0;
  let found = 0;
  for await (const jobs of jobsIn(source)) {
    const others = await target.jobsOf(jobs.map(({ id }) => id));
    if (!others.length) continue;
    const endedHere = new Set(jobs.filter(hasEnded).map(({ id }) => id));
    const outdated = others.filter((other) => endedHere.has(other.id) && !hasEnded(other)).map(({ id }) => id);
    const known = others.map(({ id }) => id).filter((id) => !outdated.includes(id));
    await willDrop(known);
    await target.removeJobs(outdated);
    await source.removeJobs(known);
    found += others.length;
  }
  return found;
}

const hasEnded = ({ state }: KeptJob): boolean => ENDED_STATES.some((ended) => ended === state);

async function copy(
  source: JobDepot,
  target: JobDepot,
  after: string | null,
  advance: (stage: MoveStage, after: string | null) => Promise<void>,
  { told }: MoveOptions,
): Promise<void> {
  await target.raiseFence(await fenceToPass(source));
  const others = new Map((await target.definitions()).map((definition) => [definition.name, definition]));
  const definitions = (await source.definitions()).filter((one) => !isNewer(others.get(one.name), one));
  await target.writeDefinitions(definitions);
  for (const { name, schedule } of definitions) if (schedule) await copyFirings(source, target, name);
  const of = await source.size();
  let copied = 0;
  for await (const jobs of jobsIn(source, after)) {
    await target.writeJobs(jobs);
    await advance('copying', jobs.at(-1)!.id);
    copied += jobs.length;
    told({ step: 'copying', jobs: copied, of });
  }
}

async function copyFirings(source: JobDepot, target: JobDepot, schedule: string): Promise<void> {
  let some: KeptFiring[] = [];
  for await (const firing of firingsIn(source, schedule)) {
    some.push(firing);
    if (some.length < BATCH) continue;
    await target.writeFirings(schedule, some);
    some = [];
  }
  await target.writeFirings(schedule, some);
}

async function compareAll(
  source: JobDepot,
  target: JobDepot,
  assertAlone: () => Promise<void>,
  { told }: MoveOptions,
): Promise<Compared> {
  const of = await source.size();
  const compared = await compareDepots(source, target, (jobs) => told({ step: 'comparing', jobs, of }));
  await assertAlone();
  return compared;
}

/** Removes everything, while nobody may work there. */
async function empty(depot: JobDepot, assertAlone: () => Promise<void>, { told }: MoveOptions): Promise<void> {
  const of = await depot.size();
  let removed = 0;
  for (let jobs = await depot.jobsAfter(null, BATCH); jobs.length; jobs = await depot.jobsAfter(null, BATCH)) {
    await assertAlone();
    await depot.removeJobs(jobs.map(({ id }) => id));
    removed += jobs.length;
    told({ step: 'removing', jobs: removed, of });
  }
  await depot.removeRest();
}

/** What a worker is told that comes meanwhile, or afterwards. */
function whyClosed(stage: MoveStage, source: JobDepot, target: JobDepot): string {
  switch (stage) {
    case 'scanning':
    case 'copying':
      return `The jobs of ${source.place} are being moved to ${target.place}. No worker may run before "stack jobs move" has ended; if it was killed, run it again.`;
    case 'arriving':
      return `Jobs are being moved to ${target.place} from ${source.place}. No worker may run before "stack jobs move" has ended; if it was killed, run it again.`;
    case 'left':
      return `The jobs of ${source.place} were moved to ${target.place}. ${target.kind === 'mongodb' ? 'Set' : 'Unset'} MONGODB_URI, or move them back: stack jobs move --from ${target.kind} --to ${source.kind}.`;
  }
}
