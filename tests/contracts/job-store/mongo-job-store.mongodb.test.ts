import { openMongoJobDatabase } from '../../support/mongo-job-database.js';
import { describeJobStore } from './describe-job-store.js';

// Less often than on PostgreSQL: FerretDB goes through a whole collection for whatever is not asked for by its id.
describeJobStore('MongoDB', () => openMongoJobDatabase(), { share: 0.3, places: 100 });
