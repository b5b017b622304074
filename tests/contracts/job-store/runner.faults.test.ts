import { openPostgresJobDatabase } from '../../support/postgres-job-database.js';
import { describeRunner } from './describe-runner.js';

describeRunner('PostgreSQL', openPostgresJobDatabase);
