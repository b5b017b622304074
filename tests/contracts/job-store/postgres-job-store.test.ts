import { openPostgresJobDatabase } from '../../support/postgres-job-database.js';
import { describeJobStore } from './describe-job-store.js';

describeJobStore('PostgreSQL', openPostgresJobDatabase);
