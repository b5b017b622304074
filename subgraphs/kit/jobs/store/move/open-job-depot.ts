import { isMongoUrl } from '../mongo/mongo-jobs-database.js';
import type { JobDepot } from './job-depot.js';
import { mongoDepot } from './mongo-depot.js';
import { postgresDepot } from './postgres-depot.js';

/** `url`: of the runner's role, or as of MONGODB_URI. */
export const openJobDepot = (url: string): JobDepot => (isMongoUrl(url) ? mongoDepot(url) : postgresDepot(url));
