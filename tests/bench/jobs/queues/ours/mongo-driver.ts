import { createRequire } from 'node:module';
import type { MongoClient } from 'mongodb';

/** The kit's own, which is not the benchmark's. */
export const kitMongoClient = (
  createRequire(import.meta.resolve('@inevitable/kit'))('mongodb') as { MongoClient: typeof MongoClient }
).MongoClient;
