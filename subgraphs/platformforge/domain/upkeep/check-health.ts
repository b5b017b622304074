import { newId } from '@inevitable/kit';
import type { PlatformForgeRun } from '../../context.js';

type Probes = Pick<PlatformForgeRun<object>, 'db' | 'transaction' | 'files' | 'queue'>;

/** How one part was found. */
export interface Check {
  readonly part: 'file store' | 'database' | 'queue';
  readonly ready: boolean;
  /** Why it is not ready, for operators; null when it is. */
  readonly reason: string | null;
  readonly durationMs: number;
}

/** Milliseconds for one part. */
const ANSWER_WITHIN_MS = 10_000;
/** A ready job that waits longer shows that no worker comes. */
const LONGEST_WAIT_MINUTES = 10;
/** What a check that was killed left behind is removed by a later one. */
const PROBE_LEFT_AFTER_MS = 3_600_000;
const PROBES = 'health/';

/**
 * Looks at each part by letting it do its work, writes down what was found, and forgets what is older than 30 days.
 * Throws when the database takes no rows: then the run itself is what operators see.
 */
export async function checkHealth(probes: Probes): Promise<readonly Check[]> {
  const checks = await Promise.all([
    look('file store', () => useFileStore(probes)),
    look('database', () => useDatabase(probes)),
    look('queue', () => readQueue(probes)),
  ]);
  await probes.transaction(async ({ db }) => {
    await db.healthCheck.createMany({ data: checks.map((check) => ({ id: newId(), ...check })) });
    await db.$executeRaw`delete from health_checks where checked_at < stack_now() - interval '30 days'`;
  });
  return checks;
}

/** Answers in time whatever the part does. `use` answers what is wrong, or null, or throws it. */
async function look(part: Check['part'], use: () => Promise<string | null>): Promise<Check> {
  const begun = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, ANSWER_WITHIN_MS, `It did not answer within ${ANSWER_WITHIN_MS / 1_000} s.`);
  });
  const reason = await Promise.race([use(), late]).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );
  clearTimeout(timer);
  return { part, ready: reason === null, reason, durationMs: Math.round(performance.now() - begun) };
}

/** Writes a file, reads it back and removes it, and what earlier checks left. */
async function useFileStore(probes: Probes): Promise<string | null> {
  const { files } = probes; // here: the getter throws where a worker has no file store
  const id = newId();
  const key = PROBES + id;
  await files.put(key, Buffer.from(id));
  const content = await files.read(key);
  const read = content && (await new Response(content.body).text());
  await files.delete(key);
  const before = Date.now() - PROBE_LEFT_AFTER_MS; // not the database's time: that may be what is broken
  for (const { key: left, modifiedAt } of await files.list(PROBES, null))
    if (modifiedAt.getTime() < before) await files.delete(left);
  if (read === id) return null;
  return read === null
    ? 'A file that was written was not there a moment later.'
    : 'A file that was written was read back with other content.';
}

/** Writes a row, reads it back and takes it back. */
async function useDatabase({ transaction }: Probes): Promise<string | null> {
  const id = newId();
  const wasThere = await transaction(async ({ db }) => {
    await db.healthCheck.create({ data: { id, part: 'database', ready: true, durationMs: 0 } });
    return (await db.healthCheck.deleteMany({ where: { id } })).count === 1;
  });
  return wasThere ? null : 'A row that was written was not there a moment later.';
}

async function readQueue({ queue }: Probes): Promise<string | null> {
  // Older ones are no sign of what works now, and one that nobody looks at would hide what breaks next.
  const { oldestReadySeconds, diedLately } = await queue();
  const waits = Math.floor(oldestReadySeconds / 60);
  const problems = [
    waits >= LONGEST_WAIT_MINUTES &&
      `A job has waited for ${waits} minutes: is a worker running, and does it keep up (stackStatus)?`,
    diedLately > 0 &&
      `${diedLately} ${diedLately === 1 ? 'job' : 'jobs'} died within the last hour: see jobs(filter: { states: [DEAD] }), and run them again with retryJob.`,
  ].filter((problem) => problem !== false);
  return problems.length ? problems.join(' ') : null;
}
