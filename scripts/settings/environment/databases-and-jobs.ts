import { z } from 'zod';
import { OPERATORS } from './readers.js';
import { setting, type SettingGroup, type SettingReference } from './setting.js';

const WHOEVER_RUNS_JOBS = 'worker, identity, operations, one process';

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });
/** Not `z.url`: one that names several hosts is no URL. The driver reads the rest. */
const mongodbUri = z
  .string()
  .regex(
    /^mongodb(\+srv)?:\/\/([^/\s]*@)?[^/?@\s]+(\/[^?\s]*)?(\?\S*)?$/,
    'it has to be like mongodb://user:password@host/database',
  );

/** Where one role of a database signs in, in place of what `DATABASE_URL` leads to. */
export const loginUrl = (reference: Omit<SettingReference, 'example'>) =>
  setting(postgresUrl.optional(), { ...reference, example: 'postgres://…' });

export const databasesAndJobs = {
  title: 'Databases and jobs',
  settings: {
    DATABASE_URL: setting(postgresUrl.optional(), {
      unset: 'an embedded PostgreSQL in `<DATA_DIR>/postgres`',
      readBy: `every part but the gateway, \`migrate\`, ${OPERATORS}`,
      meaning:
        'PostgreSQL 15 or newer, as a login with CREATEROLE that may create schemas: it makes the roles and migrates ([roles](deploying.md#the-database-and-its-roles))',
      example: 'postgres://stack_admin:<password>@db:5432/stack',
    }),
    JOBS_OWNER_DATABASE_URL: loginUrl({
      unset: '`DATABASE_URL`',
      readBy: `${WHOEVER_RUNS_JOBS}, \`migrate\``,
      meaning: 'migrates the job store',
    }),
    JOBS_DATABASE_URL: loginUrl({
      unset: 'the login `jobs_runner` on the server of `DATABASE_URL`',
      readBy: WHOEVER_RUNS_JOBS,
      meaning: 'inserts, runs and removes jobs',
    }),
    JOBS_READER_DATABASE_URL: loginUrl({
      unset: 'the login `jobs_reader` on the server of `DATABASE_URL`',
      readBy: 'operations, one process',
      meaning: 'reads the job store',
    }),
    MONGODB_URI: setting(mongodbUri.optional(), {
      unset: 'jobs are kept in PostgreSQL',
      readBy: `${WHOEVER_RUNS_JOBS}, \`migrate\`, \`doctor\`, \`jobs move\``,
      meaning:
        'a MongoDB, 4.4 or newer, which keeps the jobs: `mongodb://` or `mongodb+srv://`, of one host or of several, with the database as its path (`jobs` unless told). The same for every part. Set while the server is down or cannot keep jobs, no part that runs jobs starts. Not together with a `JOBS_…DATABASE_URL`, except for `jobs move` ([jobs.md](jobs.md#on-mongodb))',
      example: 'mongodb://stack:<password>@db/jobs',
    }),
    JOBS_KEEP_DAYS: setting(z.coerce.number().int().min(1).max(3_650).default(14), {
      readBy: 'operations, one process, `jobs move`',
      meaning: 'how many days jobs stay after they ended, with their attempts and logs; a whole number, 1 to 3650',
      example: '30',
    }),
  },
  note: 'Give the application URL and the system URL of a product (below) together; for the job store: runner and reader. Then `DATABASE_URL` is not used for it, and without an owner URL nothing is migrated: a product whose migrations are missing does not start. If only one of the two is given, the other comes from `DATABASE_URL`, or, where that is unset, from the embedded database.',
} satisfies SettingGroup;
