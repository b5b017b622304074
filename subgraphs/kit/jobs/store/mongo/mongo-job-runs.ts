import type { JobRuns, JobRunSummary } from '../job-runs.js';
import type { JobScope } from '../job-desk.js';
import type { JobDocument, RunDocument } from './job-documents.js';
import { openMongoJobs, type MongoJobs } from './mongo-jobs-database.js';
import { within } from './scope.js';

const ALL: JobScope = { kind: 'all' };

export function mongoJobRuns(url: string): JobRuns {
  const db = openMongoJobs(url);
  return {
    async summarize(from, to) {
      const tallies = new Map<string, Tally>();
      const tallyOf = (name: string): Tally => {
        const known = tallies.get(name) ?? noRuns();
        tallies.set(name, known);
        return known;
      };
      // A job whose next run ends meanwhile goes back in the index that is read, and is found once more.
      const mayComeAgain = new Set<string>();
      for await (const { _id, state, name, runAt, runs } of readJobsThatRan(db, from)) {
        if (mayComeAgain.has(_id)) continue;
        if (state !== 'succeeded') mayComeAgain.add(_id);
        for (const run of Object.values(runs))
          if (run.endedAt && run.endedAt >= from && run.endedAt < to) count(tallyOf(name), run, runAt);
      }
      for (const { _id: name, dead } of await readGivenUp(db, from, to)) tallyOf(name).dead = dead;
      return [...tallies]
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, { ended, totalMs, ...rest }]) => ({ name, ...rest, averageMs: ended ? totalMs / ended : null }));
    },
    close: () => db.close(),
  };
}

/**
 * All that had a run end since then, one after the other: counted here and not by the server, because a run is a field
 * whose name is its fence, and not every server can group by those.
 */
const readJobsThatRan = (db: MongoJobs, from: Date): AsyncIterable<JobThatRan> =>
  db.jobs.find<JobThatRan>(within(ALL, { lastEndedAt: { $gte: from } }), {
    projection: { state: 1, name: 1, runAt: 1, runs: 1 },
  });

type JobThatRan = Pick<JobDocument, '_id' | 'state' | 'name' | 'runAt' | 'runs'>;

const readGivenUp = (db: MongoJobs, from: Date, to: Date): Promise<{ readonly _id: string; readonly dead: number }[]> =>
  db.jobs
    .aggregate<{ readonly _id: string; readonly dead: number }>([
      { $match: within(ALL, { state: 'dead', finishedAt: { $gte: from, $lt: to } }) },
      { $group: { _id: '$name', dead: { $sum: 1 } } },
    ])
    .toArray();

type Tally = { -readonly [Key in keyof Omit<JobRunSummary, 'name' | 'averageMs'>]: JobRunSummary[Key] } & {
  ended: number;
  totalMs: number;
};

const noRuns = (): Tally => ({
  succeeded: 0,
  skipped: 0,
  failed: 0,
  postponed: 0,
  interrupted: 0,
  lost: 0,
  cancelled: 0,
  dead: 0,
  longestMs: null,
  longestDelayMs: null,
  ended: 0,
  totalMs: 0,
});

/** `run`: one that has ended. `runAt`: when its job might run. */
function count(tally: Tally, { outcome, attempt, startedAt, endedAt }: RunDocument, runAt: Date): void {
  const ms = endedAt!.getTime() - startedAt.getTime();
  tally[outcome!] += 1;
  tally.ended += 1;
  tally.totalMs += ms;
  tally.longestMs = Math.max(tally.longestMs ?? ms, ms);
  // A job that was retried by hand has a new runAt: the first run of before has no delay that anybody can tell.
  if (attempt !== 1 || startedAt < runAt) return;
  const delayMs = startedAt.getTime() - runAt.getTime();
  tally.longestDelayMs = Math.max(tally.longestDelayMs ?? delayMs, delayMs);
}
