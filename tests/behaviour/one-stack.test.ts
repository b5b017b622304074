import { afterAll, beforeAll, describe } from '@jest/globals';
import { TestStack } from '../support/test-stack.js';
import { describeAccounts } from './describe-accounts.js';
import { describeApiKeys } from './describe-api-keys.js';
import { describeAudit } from './describe-audit.js';
import { describeBadInput } from './describe-bad-input.js';
import { describeCallers } from './describe-callers.js';
import { describeHealth } from './describe-health.js';
import { describeJobs } from './describe-jobs.js';
import { describeMembers } from './describe-members.js';
import { describeMetrics } from './describe-metrics.js';
import { describeNotes } from './describe-notes.js';
import { describePlatforms } from './describe-platforms.js';
import { describeSignIn } from './describe-sign-in.js';
import { describeTenantData } from './describe-tenant-data.js';

// One stack for all of it: to start one takes longer than most of these promises together.

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.start();
});
afterAll(() => stack.close());

// First: they want tenants that nobody has written anything for.
describe('Notes', () => describeNotes(() => stack));
// After it globex may generate no platform any more.
describe('Platforms', () => describePlatforms(() => stack));
describe('Callers', () => describeCallers(() => stack));
describe('Bad input', () => describeBadInput(() => stack));
describe('Sign-in', () => describeSignIn(() => stack));
describe('Accounts', () => describeAccounts(() => stack));
describe('API keys', () => describeApiKeys(() => stack));
describe('Audit', () => describeAudit(() => stack));
describe('Members', () => describeMembers(() => stack));
describe('Jobs', () => describeJobs(() => stack));
describe('Tenant data', () => describeTenantData(() => stack));
describe('Metrics', () => describeMetrics(() => stack));
// Last: it ends parts of it.
describe('Health of a stack', () => describeHealth(() => stack));
