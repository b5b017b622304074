import { isMongoUrl } from '../mongo/mongo-place.js';
import type { JobDepot } from './job-depot.js';
import { postgresDepot } from './postgres-depot.js';

/** `url`: of the runner's role, or as of MONGODB_URI. */
export const openJobDepot = async (url: string): Promise<JobDepot> =>
  isMongoUrl(url) ? (await import('./mongo-depot.js')).mongoDepot(url) : postgresDepot(url);
