import { describeKills } from '../../support/job-kills.js';
import { openMongoJobDatabase } from '../../support/mongo-job-database.js';

// One of the three at each write.
describeKills(() => openMongoJobDatabase(), {
  sides: (number) => [(['before', 'sent', 'after'] as const)[number % 3]!],
  withinMs: 400_000,
});
