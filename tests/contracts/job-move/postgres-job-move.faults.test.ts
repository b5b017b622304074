import { openPostgresJobDatabase } from '../../support/postgres-job-database.js';
import { describeJobMove } from './describe-job-move.js';

// What of a move is not about MongoDB; with it: mongo-job-move.mongodb.test.ts.
describeJobMove(
  'from one PostgreSQL to another',
  async () => ({ one: await openPostgresJobDatabase(), other: await openPostgresJobDatabase() }),
  { runs: 6 },
);
