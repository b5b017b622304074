import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { notReady, ready, type Caller, type UserId } from '@inevitable/contract';
import { openTestOperations, type TestOperations } from './testing/open-test-operations.js';

let test: TestOperations;
beforeAll(async () => {
  test = await openTestOperations();
  await test.store.see([ready('gateway'), ready('starter')]);
  await test.store.see([ready('gateway'), notReady('starter', 'it is down')]);
  await test.store.see([ready('gateway'), ready('starter')]);
  await test.store.writeJobHour(new Date('2026-11-20T10:00:00Z'), [summaryOf('starter.a'), summaryOf('starter.b')]);
  await test.store.writeJobHour(new Date('2026-11-20T11:00:00Z'), [summaryOf('starter.a')]);
});
afterAll(() => test.close());

const summaryOf = (name: string) => ({
  name,
  succeeded: 3,
  skipped: 0,
  failed: 1,
  postponed: 0,
  interrupted: 0,
  lost: 0,
  cancelled: 0,
  dead: 1,
  averageMs: 2.5,
  longestMs: 4,
  longestDelayMs: null,
});

const HISTORY = (args: string) =>
  `{ healthHistory${args} { nodes { id part ready reason checks } pageInfo { hasNextPage endCursor } } }`;

describe('The history of health', () => {
  it('is read page by page, the newest period first', async () => {
    const seen: { id: string; part: string; ready: boolean; reason: string | null; checks: number }[] = [];
    let after = '';
    for (let page = 0; page < 4; page += 1) {
      const { data, errors } = await test.ask(HISTORY(`(first: 1${after})`));
      expect(errors).toBeUndefined();
      const { nodes, pageInfo } = (data as { healthHistory: { nodes: typeof seen; pageInfo: Record<string, unknown> } })
        .healthHistory;
      seen.push(...nodes);
      after = `, after: "${String(pageInfo['endCursor'])}"`;
      expect(pageInfo['hasNextPage']).toBe(page < 3);
    }
    const ids = seen.map(({ id }) => id);
    expect(ids).toEqual(ids.toSorted().reverse());
    const byPart = (name: string) =>
      seen
        .filter(({ part }) => part === name)
        .map(({ ready, reason, checks }) => ({ part: name, ready, reason, checks }));
    expect(byPart('starter')).toEqual([
      { part: 'starter', ready: true, reason: null, checks: 1 },
      { part: 'starter', ready: false, reason: 'it is down', checks: 1 },
      { part: 'starter', ready: true, reason: null, checks: 1 },
    ]);
    expect(byPart('gateway')).toEqual([{ part: 'gateway', ready: true, reason: null, checks: 3 }]);
  });

  it('is read of one part', async () => {
    const { data } = await test.ask('{ healthHistory(part: "gateway") { nodes { part } } }');
    expect(data).toEqual({ healthHistory: { nodes: [{ part: 'gateway' }] } });
  });
});

describe('The hours of jobs', () => {
  const RANGE = 'from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z"';

  it('are read newest first, of every job or of one', async () => {
    const { data } = await test.ask(
      `{ jobHours(${RANGE}) { hour name succeeded failed dead averageMs longestDelayMs } }`,
    );
    const counts = { succeeded: 3, failed: 1, dead: 1, averageMs: 2.5, longestDelayMs: null };
    expect(JSON.parse(JSON.stringify(data))).toEqual({
      jobHours: [
        { hour: '2026-11-20T11:00:00.000Z', name: 'starter.a', ...counts },
        { hour: '2026-11-20T10:00:00.000Z', name: 'starter.a', ...counts },
        { hour: '2026-11-20T10:00:00.000Z', name: 'starter.b', ...counts },
      ],
    });
    expect((await test.ask(`{ jobHours(name: "starter.b", ${RANGE}) { name } }`)).data).toEqual({
      jobHours: [{ name: 'starter.b' }],
    });
  });

  it('end before `to`, and begin at `from`', async () => {
    const { data } = await test.ask('{ jobHours(from: "2026-11-20T10:00:00Z", to: "2026-11-20T11:00:00Z") { name } }');
    expect(data).toEqual({ jobHours: [{ name: 'starter.a' }, { name: 'starter.b' }] });
  });

  it('are refused for more than 31 days at once', async () => {
    const { data, errors } = await test.ask(
      '{ jobHours(from: "2026-10-01T00:00:00Z", to: "2026-11-20T00:00:00Z") { name } }',
    );
    expect(data).toEqual({ jobHours: null });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'from' } }]);
  });
});

describe('Both', () => {
  const userId = 'somebody' as UserId;
  it.each<[Caller, string]>([
    [{ kind: 'member', userId }, 'FORBIDDEN'],
    [{ kind: 'service', service: 'starter' }, 'FORBIDDEN'],
    [{ kind: 'anonymous' }, 'UNAUTHENTICATED'],
  ])('are not for %j', async (caller, code) => {
    for (const query of ['{ healthHistory { nodes { id } } }', '{ jobHours { name } }']) {
      const { data, errors } = await test.ask(query, caller);
      expect(Object.values(data!)).toEqual([null]);
      expect(errors).toMatchObject([{ extensions: { code } }]);
    }
  });

  it('are kept in tables that the catalogue lint finds nothing wrong with, and that only the system role writes', async () => {
    expect(await test.lint()).toEqual([]);
    const writes = `select has_table_privilege('operations_app', 'operations.' || t, 'INSERT, UPDATE, DELETE') as app,
      has_table_privilege('operations_system', 'operations.' || t, 'INSERT') as system
      from unnest(array['health_periods', 'job_hours']) t`;
    expect(await test.rows(writes)).toEqual([
      { app: false, system: true },
      { app: false, system: true },
    ]);
  });
});
