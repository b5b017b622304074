import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACME, GLOBEX, openTestJobs, type Asker, type TestJobs } from './testing/open-test-jobs.js';
import { Holding, testJobs } from './testing/test-jobs.js';

const UNKNOWN = '01890000-0000-7000-8000-000000000000';
/** In the scope of nobody below but the platform administrator. */
const strangers: readonly [string, Asker][] = [
  ['another tenant', { tenant: GLOBEX, products: ['alpha', 'beta'] }],
  ['another product of the same tenant', { tenant: ACME, products: ['beta'] }],
];
const powerless: Asker = { tenant: ACME, products: [] };

let test: TestJobs;
/** One that waits, one that was given up. */
let waiting: string;
let dead: string;
let tenantless: string;
beforeAll(async () => {
  test = await openTestJobs(testJobs(new Holding()));
  const later = '2999-01-01T00:00:00Z';
  const payload = { text: 'a secret of acme' };
  waiting = await test.insert({ name: 'alpha.echo', tenantId: ACME, payload, runAt: later });
  dead = await test.insert({ name: 'alpha.failing', tenantId: ACME });
  tenantless = await test.insert({ name: 'beta.echo', runAt: later });
  await test.reaches(dead, 'dead');
});
afterAll(() => test.close());

const stored = () => test.rows('select id, name, state, attempts, payload from jobs.jobs order by id');
const FIELDS = 'id state payload error attemptLog { error } dependencies { id }';
/** Every way to ask for one job by its id. */
const BY_ID: readonly [string, string][] = [
  ['job', `query ($id: ID!) { job(id: $id) { ${FIELDS} } }`],
  ['retryJob', `mutation ($id: ID!) { retryJob(input: { id: $id }) { ${FIELDS} } }`],
  ['cancelJob', `mutation ($id: ID!) { cancelJob(input: { id: $id }) { ${FIELDS} } }`],
];

describe.each(strangers)('The jobs of a tenant, asked for by an administrator of %s', (_who, stranger) => {
  it.each(BY_ID)('answer %s exactly as an unknown id does, and stay as they are', async (_field, query) => {
    const before = await stored();
    const unknown = await test.ask(stranger, query, { id: UNKNOWN });
    expect(unknown).toMatchObject({ errors: [{ message: 'No such job.', extensions: { code: 'NOT_FOUND' } }] });
    for (const id of [waiting, dead, tenantless]) expect(await test.ask(stranger, query, { id })).toEqual(unknown);
    expect(await stored()).toEqual(before);
  });

  it('are in no list, whatever it is narrowed to', async () => {
    for (const filter of [{}, { name: 'alpha.echo' }, { product: 'alpha' }, { states: ['DEAD', 'SCHEDULED'] }]) {
      const { data } = await test.ask(
        stranger,
        'query ($filter: JobFilter) { jobs(filter: $filter) { nodes { id } } }',
        {
          filter,
        },
      );
      expect(data).toEqual({ jobs: { nodes: [] } });
    }
  });

  it('are counted in no definition', async () => {
    const { data } = await test.ask(stranger, '{ jobDefinitions { counts { blocked scheduled ready running dead } } }');
    for (const { counts } of data!['jobDefinitions'] as { counts: object }[])
      expect(counts).toEqual({ blocked: 0, scheduled: 0, ready: 0, running: 0, dead: 0 });
  });

  it('are not run again with the dead of their definition', async () => {
    const before = await stored();
    const retryDead = 'mutation ($name: String!) { retryDeadJobs(input: { name: $name }) { retried } }';
    const none = { data: { retryDeadJobs: { retried: 0 } } };
    expect(await test.ask(stranger, retryDead, { name: 'alpha.failing' })).toEqual(none);
    expect(await test.ask(stranger, retryDead, { name: 'no.such-definition' })).toEqual(none);
    expect(await stored()).toEqual(before);
  });
});

describe('Who administers one product', () => {
  const beta: Asker = { tenant: ACME, products: ['beta'] };

  it('runs no other product’s job: its definition is one that does not exist', async () => {
    const before = await stored();
    const run = 'mutation ($name: String!) { runJob(input: { name: $name }) { id } }';
    const unknown = await test.ask(beta, run, { name: 'no.such-definition' });
    expect(unknown).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    expect(await test.ask(beta, run, { name: 'alpha.echo' })).toEqual(unknown);
    expect(await stored()).toEqual(before);
  });

  it('may name no other tenant, whether it exists or not', async () => {
    const before = await stored();
    const naming = async (tenantId: string) => [
      await test.ask(beta, 'query ($t: ID) { jobs(filter: { tenantId: $t }) { nodes { id } } }', { t: tenantId }),
      await test.ask(beta, 'mutation ($t: ID) { runJob(input: { name: "beta.echo", tenantId: $t }) { id } }', {
        t: tenantId,
      }),
    ];
    const refused = await naming(UNKNOWN);
    expect(refused).toMatchObject([
      { errors: [{ extensions: { code: 'FORBIDDEN' } }] },
      { errors: [{ extensions: { code: 'FORBIDDEN' } }] },
    ]);
    expect(await naming(GLOBEX)).toEqual(refused);
    expect(await naming('no id')).toEqual(refused);
    expect(await stored()).toEqual(before);
  });

  it('sees the definitions of that product alone', async () => {
    const { data } = await test.ask(beta, '{ jobDefinitions { name } }');
    expect(data).toEqual({ jobDefinitions: [{ name: 'beta.echo' }] });
  });

  it('stops no schedule', async () => {
    for (const field of ['pauseSchedule', 'resumeSchedule']) {
      const alpha: Asker = { tenant: ACME, products: ['alpha'] };
      expect(await test.ask(alpha, `mutation { ${field}(input: { name: "alpha.nightly" }) { name } }`)).toMatchObject({
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
    }
    expect(await test.rows('select from jobs.schedules where paused_at is not null')).toEqual([]);
  });
});

describe('Who administers no product', () => {
  const everything: readonly string[] = [
    '{ jobs { nodes { id } } }',
    `{ job(id: "${UNKNOWN}") { id } }`,
    '{ jobDefinitions { name } }',
    'mutation { runJob(input: { name: "alpha.echo" }) { id } }',
    `mutation { retryJob(input: { id: "${UNKNOWN}" }) { id } }`,
    'mutation { retryDeadJobs(input: { name: "alpha.echo" }) { retried } }',
    `mutation { cancelJob(input: { id: "${UNKNOWN}" }) { id } }`,
    'mutation { pauseSchedule(input: { name: "alpha.nightly" }) { name } }',
    'mutation { resumeSchedule(input: { name: "alpha.nightly" }) { name } }',
  ];

  it.each(everything)('is refused: %s', async (query) => {
    expect(await test.ask(powerless, query)).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    expect(await test.ask('nobody', query)).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it('may not listen either', async () => {
    const query = 'subscription { jobChanged { id } }';
    await expect(test.subscribe(powerless, query)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(test.subscribe('nobody', query)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('A subscription to changes of jobs', () => {
  const CHANGED = `subscription ($filter: JobChangeFilter) { jobChanged(filter: $filter) { id name tenantId } }`;
  const heard = async (stream: AsyncIterableIterator<{ data?: unknown }>) =>
    JSON.parse(JSON.stringify((await stream.next()).value!.data)) as { jobChanged: { id: string } };

  it('hears the jobs of the own tenant and products, and nobody else’s', async () => {
    const own = await test.subscribe({ tenant: GLOBEX, products: ['beta'] }, CHANGED);
    const all = await test.subscribe('root', CHANGED);
    const runAt = '2999-01-01T00:00:00Z';
    const others = [
      await test.insert({ name: 'beta.echo', tenantId: ACME, runAt }),
      await test.insert({ name: 'alpha.echo', tenantId: GLOBEX, runAt }),
      await test.insert({ name: 'beta.echo', runAt }),
    ];
    const id = await test.insert({ name: 'beta.echo', tenantId: GLOBEX, runAt });
    expect(await heard(own)).toEqual({ jobChanged: { id, name: 'beta.echo', tenantId: GLOBEX } });
    const everything: string[] = [];
    while (everything.at(-1) !== id) everything.push((await heard(all)).jobChanged.id);
    expect(everything).toEqual([...others, id]);
    await own.return!();
    await all.return!();
  });

  it('hears what its filter takes', async () => {
    const mine = await test.insert({ name: 'beta.echo', tenantId: ACME, runAt: '2999-01-01T00:00:00Z' });
    const one = await test.subscribe('root', CHANGED, { filter: { id: mine, states: ['CANCELLED'] } });
    const product = await test.subscribe('root', CHANGED, { filter: { product: 'beta', tenantId: ACME } });
    await test.insert({ name: 'beta.echo', tenantId: GLOBEX, runAt: '2999-01-01T00:00:00Z' });
    await test.ask('root', 'mutation ($id: ID!) { cancelJob(input: { id: $id }) { id } }', { id: mine });
    for (const stream of [one, product]) {
      expect(await heard(stream)).toEqual({ jobChanged: { id: mine, name: 'beta.echo', tenantId: ACME } });
      await stream.return!();
    }
  });
});
