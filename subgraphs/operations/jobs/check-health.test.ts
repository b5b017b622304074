import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { checkHealth, notReady, ready } from '@inevitable/contract';
import { openTestOperations, type TestOperations } from '../testing/open-test-operations.js';
import { askParts } from './check-health.js';

let test: TestOperations;
beforeAll(async () => {
  test = await openTestOperations();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.rows('truncate operations.health_periods');
  test.heard.length = 0;
  test.busIsAway(false);
});

const check = async () => expect(await test.run('operations.check-health')).toMatchObject({ state: 'succeeded' });
/** Of one part, oldest first. `lasted`: whole seconds. */
const periodsOf = (part: string) =>
  test.rows<{ ready: boolean; reason: string | null; checks: number; lasted: number }>(
    `select ready, reason, checks, round(extract(epoch from last_seen_at - since))::int as lasted
     from operations.health_periods where part = $1 order by id`,
    [part],
  );
const published = () =>
  test.heard.map(({ payload }) => payload as { part: string; ready: boolean; reason: string | null });

describe('Checking the health of the stack', () => {
  it('begins a period for each part, and tells nobody: nothing has changed', async () => {
    test.partsAre(ready('gateway'), notReady('starter', 'it is down'));
    await check();
    expect(await periodsOf('gateway')).toEqual([{ ready: true, reason: null, checks: 1, lasted: 0 }]);
    expect(await periodsOf('starter')).toEqual([{ ready: false, reason: 'it is down', checks: 1, lasted: 0 }]);
    expect(published()).toEqual([]);
  });

  it('goes on with the period while a part stays as it is, whatever reason it gives', async () => {
    test.partsAre(ready('gateway'), notReady('starter', 'it is down'));
    await check();
    await test.advance('30 seconds');
    test.partsAre(ready('gateway'), notReady('starter', 'it is still down'));
    await check();
    expect(await periodsOf('gateway')).toEqual([{ ready: true, reason: null, checks: 2, lasted: 30 }]);
    expect(await periodsOf('starter')).toEqual([{ ready: false, reason: 'it is still down', checks: 2, lasted: 30 }]);
    expect(published()).toEqual([]);
  });

  it('begins a new period when a part changes, and publishes that once', async () => {
    test.partsAre(ready('gateway'), ready('starter'));
    await check();
    test.partsAre(ready('gateway'), notReady('starter', 'it is down'));
    await check();
    await check();
    expect(await periodsOf('starter')).toEqual([
      { ready: true, reason: null, checks: 1, lasted: 0 },
      { ready: false, reason: 'it is down', checks: 2, lasted: expect.any(Number) },
    ]);
    const [period] = await test.rows<{ id: string; since: Date }>(
      `select id, since from operations.health_periods where part = 'starter' and not ready`,
    );
    expect(test.heard).toEqual([
      {
        id: period!.id,
        name: 'operations.part.health-changed.v1',
        tenantId: null,
        aggregate: 'starter',
        payload: { part: 'starter', ready: false, reason: 'it is down', since: period!.since.toISOString() },
        occurredAt: period!.since.toISOString(),
        correlationId: expect.any(String),
      },
    ]);
  });

  it('publishes that a part is ready again', async () => {
    test.partsAre(notReady('starter', 'it is down'));
    await check();
    test.partsAre(ready('starter'));
    await check();
    expect(published()).toMatchObject([{ part: 'starter', ready: true, reason: null }]);
  });

  it('publishes later what no bus took, in order and each once, and keeps the history meanwhile', async () => {
    test.partsAre(ready('starter'));
    await check();
    test.busIsAway(true);
    test.partsAre(notReady('starter', 'it is down'));
    await check();
    test.partsAre(ready('starter'));
    const { log } = (await test.run('operations.check-health')) as { log: readonly string[] };
    expect(log.join('\n')).toContain('could not be published; the next check tries again');
    expect((await periodsOf('starter')).map((period) => period.ready)).toEqual([true, false, true]);
    expect(published()).toEqual([]);
    test.busIsAway(false);
    await check();
    await check();
    expect(published().map((change) => change.ready)).toEqual([false, true]);
  });

  it('claims nothing for the time in which nobody looked', async () => {
    test.partsAre(ready('gateway'), notReady('starter', 'it is down'));
    await check();
    await test.advance('6 minutes');
    test.partsAre(ready('gateway'), ready('starter'));
    await check();
    expect(await periodsOf('gateway')).toEqual([
      { ready: true, reason: null, checks: 1, lasted: 0 },
      { ready: true, reason: null, checks: 1, lasted: 0 },
    ]);
    expect(published()).toMatchObject([{ part: 'starter', ready: true }]);
  });

  it('writes each part once, also where two checks look at the same moment', async () => {
    test.partsAre(ready('gateway'));
    await Promise.all([1, 2, 3, 4].map(() => test.store.see([ready('gateway')])));
    expect(await periodsOf('gateway')).toEqual([{ ready: true, reason: null, checks: 4, lasted: 0 }]);
  });
});

describe('A part that hangs', () => {
  it('is not ready, in words, and does not hang the check', async () => {
    test.healthIs(() =>
      checkHealth({ gateway: () => ready('gateway'), starter: () => new Promise(() => undefined) }, 20),
    );
    await check();
    expect(await periodsOf('starter')).toMatchObject([{ ready: false, reason: 'did not answer within 20 ms' }]);
    expect(await periodsOf('gateway')).toMatchObject([{ ready: true }]);
  });

  it('and takes all others with it is told of as the health checks themselves', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    try {
      const asked = askParts(() => new Promise(() => undefined));
      await jest.advanceTimersByTimeAsync(10_000);
      expect(await asked).toEqual([notReady('health checks', 'did not answer within 10000 ms')]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('by failing is told of likewise', async () => {
    expect(await askParts(() => Promise.reject(new Error('nobody knows')))).toEqual([
      notReady('health checks', 'nobody knows'),
    ]);
  });
});
