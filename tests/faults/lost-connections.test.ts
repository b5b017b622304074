import { describeLostConnections } from '../contracts/job-faults/describe-lost-connections.js';
import { openPostgresJobDatabase } from '../support/postgres-job-database.js';

describeLostConnections('PostgreSQL', openPostgresJobDatabase, { listener: /stack:listen:job-notifications/ });
