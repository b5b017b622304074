import { openMongoJobDatabase } from '../../support/mongo-job-database.js';
import { describeWorkers } from './describe-workers.js';

describeWorkers('MongoDB', () => openMongoJobDatabase(), { workers: 10, jobs: 100 });
