import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { startCollector, type Collector } from '../support/collector.js';
import { temporaryDirectory, TestStack } from '../support/test-stack.js';
import { describeAccounts } from './describe-accounts.js';
import { describeApiKeys } from './describe-api-keys.js';
import { describeAudit } from './describe-audit.js';
import { describeBadInput } from './describe-bad-input.js';
import { describeCallers } from './describe-callers.js';
import { describeHealth } from './describe-health.js';
import { describeJobs } from './describe-jobs.js';
import { describeLogs } from './describe-logs.js';
import { describeMembers } from './describe-members.js';
import { describeMetrics } from './describe-metrics.js';
import { describeNotes } from './describe-notes.js';
import { describePlatforms } from './describe-platforms.js';
import { describeSignIn } from './describe-sign-in.js';
import { describeTenantData } from './describe-tenant-data.js';
import { describeTraces } from './describe-traces.js';
import { describeTraffic, sendTraffic } from './describe-traffic.js';

// One stack for all of it: to start one takes longer than most of these promises together.

let stack: TestStack;
let collector: Collector;
let logs: string;
beforeAll(async () => {
  [collector, logs] = await Promise.all([startCollector(), temporaryDirectory()]);
  stack = await TestStack.start({
    settings: {
      LOG_LEVEL: 'trace',
      REQUEST_LOG: 'all',
      SECURITY_LOG: join(logs, 'security.log'),
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=for%20the%20collector%2C%20alone',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=tests%20of%20behaviour',
    },
  });
  await sendTraffic(stack);
});
afterAll(async () => {
  await stack.close();
  await collector.close();
  await rm(logs, { recursive: true });
});

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
describe('Traffic', () => describeTraffic(() => stack));
// After them: what they all did was recorded, and is looked through.
describe('Traces', () =>
  describeTraces(
    () => stack,
    () => collector,
  ));
describe('Logs', () =>
  describeLogs(
    () => stack,
    () => collector,
    () => join(logs, 'security.log'),
  ));
// Last: it ends parts of it.
describe('Health of a stack', () => describeHealth(() => stack));
