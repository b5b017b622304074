import { randomBytes } from 'node:crypto';

export interface TestMongoDatabase {
  /** As MONGODB_URI. */
  readonly url: string;
  drop(): Promise<void>;
}

/** The server of this test run: one per run, started before the tests (scripts/bin/test-mongodb.js), or MONGODB_URI. */
export function testMongoUrl(): string {
  // eslint-disable-next-line no-restricted-properties -- set by `npm run test:mongodb`, for tests alone
  const url = process.env['STACK_TEST_MONGODB'] ?? process.env['MONGODB_URI'];
  if (!url) throw new Error('There is no MongoDB to test against: run these tests with "npm run test:mongodb".');
  return url;
}

/** A database of its own for one test file, which is there when something is written. `server`: that of the run unless told. */
export function createTestMongoDatabase(server: string = testMongoUrl()): TestMongoDatabase {
  const url = onMongoDatabase(server, `stack_test_${randomBytes(8).toString('hex')}`);
  return {
    url,
    async drop() {
      const { MongoClient } = await import('mongodb');
      const client = new MongoClient(url);
      try {
        await client.db().dropDatabase();
      } finally {
        await client.close();
      }
    },
  };
}

/**
 * The same server's address with another database. As text: an address of several hosts is no URL. Who logs in is looked
 * up where it was before.
 */
export function onMongoDatabase(url: string, database: string): string {
  const [, server, before, query] = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url) ?? [];
  if (!server) throw new Error('MONGODB_URI is no address of MongoDB.');
  const parameters = new URLSearchParams(query);
  if (server.includes('@') && !parameters.has('authSource')) parameters.set('authSource', before || 'admin');
  return `${server}/${database}${parameters.size ? `?${parameters}` : ''}`;
}
