import { openMongoJobDatabase } from '../../support/mongo-job-database.js';
import { describeRunner } from './describe-runner.js';

describeRunner('MongoDB', () => openMongoJobDatabase(), { flood: 300 });
