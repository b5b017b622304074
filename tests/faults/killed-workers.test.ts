import { describeWorkers } from '../contracts/job-faults/describe-workers.js';
import { describeKills } from '../support/job-kills.js';
import { openPostgresJobDatabase } from '../support/postgres-job-database.js';

// One of the three at each statement; the soak has all three.
describeKills(openPostgresJobDatabase, { sides: (number) => [(['before', 'sent', 'after'] as const)[number % 3]!] });

describeWorkers('PostgreSQL', openPostgresJobDatabase);
