import { roleUrl } from '@inevitable/kit/host';
import type { TestSubgraph } from '@inevitable/kit/testing';
import pg from 'pg';
import { postgresStoredJobs } from '../../support/postgres-job-database.js';
import { describeProductJobs } from './describe-product-jobs.js';

const roleOf = (product: TestSubgraph, role: 'runner' | 'reader'): string =>
  roleUrl(product.ownerUrl, new URL(product.ownerUrl).password, 'jobs', role);

describeProductJobs('PostgreSQL', () =>
  Promise.resolve({
    options: {},
    urls: (product) => ({ runnerUrl: roleOf(product, 'runner'), readerUrl: roleOf(product, 'reader') }),
    stored(product) {
      const owner = new pg.Pool({ connectionString: product.ownerUrl, max: 1 });
      owner.on('error', () => undefined); // ended, and yet told of the drop of its database
      const stored = postgresStoredJobs(owner, roleOf(product, 'reader'));
      return {
        ...stored,
        async close() {
          await stored.close();
          await owner.end();
        },
      };
    },
  }),
);
