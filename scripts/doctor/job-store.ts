import { examineMongoJobs, JOB_STORE_SCHEMA, mongoPlace } from '@inevitable/kit/host';
import type { Settings } from '../settings/settings.js';
import { ok, problem, warning, type Check, type Said } from './check.js';
import type { Patient } from './patient.js';

type Stage = 'scanning' | 'copying' | 'left' | 'arriving';

interface Move {
  readonly stage: Stage;
  readonly why: string;
}

/** Where jobs are kept, whether they can be, and whether some wait where nobody runs them. */
export const jobStoreCheck: Check = {
  name: 'job store',
  async run(patient) {
    const { settings } = patient;
    if (!settings) return [];
    const { mongodbUri } = settings;
    const postgres = await lookAtPostgres(patient, settings);
    if (mongodbUri === undefined)
      return [
        ok('MONGODB_URI is not set: jobs are kept in PostgreSQL.'),
        ...(postgres ? movesSaid(postgres.move) : []),
      ];
    return [...(await lookAtMongo(mongodbUri)), ...(postgres ? leftIn(postgres) : [])];
  },
};

async function lookAtMongo(uri: string): Promise<readonly Said[]> {
  try {
    const { server, missing, openJobs, move } = await examineMongoJobs(uri);
    return [
      ok(
        `${server} at ${mongoPlace(uri)} keeps the jobs, ${openJobs} of them open: of many who update one document at once one wins${missing.length ? '' : ', and every index is there'}.`,
      ),
      ...(missing.length ? [ok(`It lacks ${missing.join(', ')}, which the next start makes.`)] : []),
      ...movesSaid(move),
    ];
  } catch (error) {
    return [
      problem(
        (error as Error).message,
        'Or unset MONGODB_URI to keep jobs in PostgreSQL: no part that runs jobs starts before that.',
      ),
    ];
  }
}

interface PostgresJobs {
  readonly openJobs: number;
  readonly move: Move | null;
}

/** null: it cannot be looked at, which the check of the database tells, or it was never made. */
async function lookAtPostgres(patient: Patient, { jobStoreUrls }: Settings): Promise<PostgresJobs | null> {
  const side = await patient.database().catch(() => null);
  const url = jobStoreUrls.owner ?? jobStoreUrls.runner ?? side?.url;
  if (url === undefined) return null;
  try {
    const [there] = await patient.rows<{ jobs: boolean; move: boolean }>(
      url,
      `select to_regclass('${JOB_STORE_SCHEMA}.once_keys') is not null as jobs, to_regclass('${JOB_STORE_SCHEMA}.move') is not null as move`,
    );
    if (!there!.jobs) return null;
    const [open] = await patient.rows<{ jobs: number }>(
      url,
      `select count(*)::int as jobs from ${JOB_STORE_SCHEMA}.jobs where state in ('blocked', 'scheduled', 'ready', 'running')`,
    );
    const [move] = there!.move
      ? await patient.rows<Move & Record<string, unknown>>(url, `select stage, why from ${JOB_STORE_SCHEMA}.move`)
      : [];
    return { openJobs: open!.jobs, move: move ?? null };
  } catch {
    return null;
  }
}

/** Of the store that is used. */
function movesSaid(move: Move | null): Said[] {
  if (move === null) return [];
  return [
    problem(
      move.why,
      move.stage === 'left'
        ? 'No worker starts before that. To begin anew without them, see docs/jobs.md.'
        : 'Run "stack jobs move" again, or end it with --abandon: no worker starts before that.',
    ),
  ];
}

/** Of PostgreSQL, where MongoDB keeps the jobs. */
function leftIn({ openJobs, move }: PostgresJobs): Said[] {
  if (move && move.stage !== 'left') return movesSaid(move);
  if (!openJobs) return [];
  return [
    warning(
      `${openJobs} ${openJobs === 1 ? 'job waits' : 'jobs wait'} in PostgreSQL, where nobody runs ${openJobs === 1 ? 'it' : 'them'} while MONGODB_URI is set.`,
      'Stop the stack, and run: stack jobs move --from postgres --to mongodb',
    ),
  ];
}
