import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACME, GLOBEX, openTestJobs, type Asker, type TestJobs } from './testing/open-test-jobs.js';
import { Holding, testJobs } from './testing/test-jobs.js';

const holding = new Holding();
const acme: Asker = { tenant: ACME, products: ['alpha'] };

let test: TestJobs;
beforeAll(async () => {
  test = await openTestJobs(testJobs(holding));
});
afterAll(async () => {
  holding.release();
  await test.close();
});

const JOB = `query ($id: ID!) { job(id: $id) {
  id name product queue state priority tenantId payload attempts progress note error correlationId schedule fansOut
  startedAt finishedAt dependencies { id state } attemptLog { attempt outcome error endedAt log { level message } } } }`;

describe('A job', () => {
  it('is shown with its runs, what they wrote, and what it waited for', async () => {
    const first = await test.insert({ name: 'alpha.echo', tenantId: ACME, payload: { text: 'before' } });
    const id = await test.insert({
      name: 'alpha.echo',
      tenantId: ACME,
      payload: { text: '<b>hello</b>' },
      correlationId: 'request-1',
      priority: 10,
      after: [first],
    });
    await test.reaches(id, 'succeeded');
    const { data } = await test.ask(acme, JOB, { id });
    expect(data).toEqual({
      job: {
        id,
        name: 'alpha.echo',
        product: 'alpha',
        queue: 'default',
        state: 'SUCCEEDED',
        priority: 10,
        tenantId: ACME,
        payload: { text: '<b>hello</b>' },
        attempts: 1,
        progress: 1,
        note: null,
        error: null,
        correlationId: 'request-1',
        schedule: null,
        fansOut: false,
        startedAt: expect.any(String),
        finishedAt: expect.any(String),
        dependencies: [{ id: first, state: 'SUCCEEDED' }],
        attemptLog: [
          {
            attempt: 1,
            outcome: 'SUCCEEDED',
            error: null,
            endedAt: expect.any(String),
            log: [{ level: 'info', message: 'it says {"text":"<b>hello</b>"}' }],
          },
        ],
      },
    });
  });

  it('that was given up keeps the error of each run, and tells a tenant that it failed, not what our side says of it', async () => {
    const id = await test.insert({ name: 'alpha.failing', tenantId: ACME });
    await test.reaches(id, 'dead');
    const { data } = await test.ask('root', JOB, { id });
    expect(data).toMatchObject({
      job: {
        state: 'DEAD',
        attempts: 2,
        error: 'run 2 failed',
        attemptLog: [
          { attempt: 1, outcome: 'FAILED', error: 'run 1 failed' },
          { attempt: 2, outcome: 'FAILED', error: 'run 2 failed' },
        ],
      },
    });
    const masked = 'It failed on our side. Operators find why by the correlation id.';
    expect((await test.ask(acme, JOB, { id })).data).toMatchObject({
      job: { state: 'DEAD', error: masked, attemptLog: [{ error: masked }, { error: masked }] },
    });
  });

  it('that runs is shown with the run that is under way', async () => {
    const id = await test.insert({ name: 'alpha.holding', tenantId: ACME });
    await test.reaches(id, 'running');
    const { data } = await test.ask(acme, JOB, { id });
    expect(data).toMatchObject({
      job: { state: 'RUNNING', finishedAt: null, attemptLog: [{ attempt: 1, outcome: null, endedAt: null }] },
    });
    holding.release();
    await test.reaches(id, 'succeeded');
  });

  it('names its worker to platform administrators alone', async () => {
    const id = await test.insert({ name: 'alpha.echo', tenantId: ACME });
    await test.reaches(id, 'succeeded');
    const query = 'query ($id: ID!) { job(id: $id) { worker } }';
    expect((await test.ask('root', query, { id })).data).toEqual({
      job: { worker: expect.stringMatching(/^worker-/) },
    });
    expect((await test.ask(acme, query, { id })).data).toEqual({ job: { worker: null } });
  });

  it('that nobody knows is NOT_FOUND, also by an id that is none', async () => {
    for (const id of ['01890000-0000-7000-8000-000000000000', 'none', '']) {
      expect(await test.ask('root', JOB, { id })).toEqual({
        data: { job: null },
        errors: [expect.objectContaining({ message: 'No such job.', extensions: { code: 'NOT_FOUND' } })],
      });
    }
  });
});

describe('The list of jobs', () => {
  const LIST = `query ($filter: JobFilter, $first: Int, $after: String) { jobs(filter: $filter, first: $first, after: $after) {
    nodes { id attemptLog { outcome } dependencies { id } } pageInfo { hasNextPage endCursor } } }`;
  interface Page {
    readonly nodes: { readonly id: string; readonly attemptLog: unknown[] }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  }
  const page = async (variables: Record<string, unknown>): Promise<Page> =>
    (await test.ask('root', LIST, variables)).data!['jobs'] as Page;

  it('is paged to its end, newest first, each job with its own runs', async () => {
    const ids: string[] = [];
    for (let number = 0; number < 7; number += 1)
      ids.unshift(await test.insert({ name: 'beta.echo', tenantId: GLOBEX, payload: { number } }));
    for (const id of ids) await test.reaches(id, 'succeeded');
    const seen: string[] = [];
    let after: string | null = null;
    for (let more = true; more;) {
      const { nodes, pageInfo }: Page = await page({ filter: { name: 'beta.echo' }, first: 3, after });
      expect(nodes.map(({ attemptLog }) => attemptLog)).toEqual(nodes.map(() => [{ outcome: 'SUCCEEDED' }]));
      seen.push(...nodes.map(({ id }) => id));
      after = pageInfo.endCursor;
      more = pageInfo.hasNextPage;
    }
    expect(seen).toEqual(ids);
  });

  it('is narrowed by state, product, definition, tenant and schedule', async () => {
    await test.insert({ name: 'alpha.echo', tenantId: GLOBEX });
    const scheduled = await test.insert({ name: 'alpha.nightly', tenantId: ACME, schedule: 'alpha.nightly' });
    const byHand = await test.insert({ name: 'alpha.nightly', tenantId: ACME });
    const late = await test.insert({ name: 'beta.echo', tenantId: ACME, runAt: '2999-01-01T00:00:00Z' });
    for (const id of [scheduled, byHand]) await test.reaches(id, 'succeeded');
    const ids = async (filter: object) => (await page({ filter, first: 100 })).nodes.map(({ id }) => id);
    expect(await ids({ states: ['SCHEDULED'] })).toEqual([late]);
    expect(await ids({ states: ['SCHEDULED', 'SCHEDULED'], tenantId: ACME })).toEqual([late]);
    expect(await ids({ product: 'beta', tenantId: ACME })).toEqual([late]);
    expect(await ids({ name: 'alpha.nightly' })).toEqual([byHand, scheduled]);
    expect(await ids({ schedule: 'alpha.nightly' })).toEqual([scheduled]);
    expect(await ids({ schedule: 'alpha.nightly', tenantId: GLOBEX })).toEqual([]);
    expect(await ids({ name: 'nothing' })).toEqual([]);
  });

  it.each([
    [{ filter: { tenantId: 'acme' } }, 'filter.tenantId'],
    [{ filter: { name: 'a\0b' } }, 'filter.name'],
    [{ first: 0 }, 'first'],
    [{ after: 'nonsense' }, 'after'],
  ])('refuses %j and says which field', async (variables, field) => {
    expect(await test.ask('root', LIST, variables)).toMatchObject({
      data: { jobs: null },
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field } }],
    });
  });
});

describe('The definitions', () => {
  const DEFINITIONS = `query ($product: String) { jobDefinitions(product: $product) {
    name product description queue scope schedule { cron timezone overlap catchUp nextDue missed pausedAt }
    retry { attempts backoff firstMs maxMs jitter } timeoutMs concurrency { perWorker perTenant perProduct } isOnce
    counts { blocked scheduled ready running dead } workers payloadSchema } }`;

  it('are what the code declares, with their schedule, the caller’s own jobs and the workers that run them', async () => {
    const { data } = await test.ask(acme, DEFINITIONS);
    const definitions = data!['jobDefinitions'] as { name: string }[];
    expect(definitions.map(({ name }) => name)).toEqual([
      'alpha.echo',
      'alpha.failing',
      'alpha.holding',
      'alpha.nightly',
      'alpha.once',
      'alpha.sweep',
    ]);
    const byName = Object.fromEntries(definitions.map((definition) => [definition.name, definition]));
    expect(byName['alpha.echo']).toEqual({
      name: 'alpha.echo',
      product: 'alpha',
      description: 'Says what it is told.',
      queue: 'default',
      scope: 'ONCE',
      schedule: null,
      retry: { attempts: 3, backoff: 'exponential', firstMs: 1_000, maxMs: 60_000, jitter: false },
      timeoutMs: 60_000,
      concurrency: { perWorker: 4, perTenant: null, perProduct: null },
      isOnce: false,
      counts: { blocked: 0, scheduled: 0, ready: 0, running: 0, dead: 0 },
      workers: 1,
      payloadSchema: expect.objectContaining({ properties: { text: { default: 'nothing', type: 'string' } } }),
    });
    expect(byName['alpha.nightly']).toMatchObject({
      queue: 'night',
      scope: 'EACH_TENANT',
      schedule: { cron: '0 2 * * *', timezone: 'UTC', overlap: 'skip', catchUp: 'last', missed: 0, pausedAt: null },
    });
    expect(byName['alpha.once']).toMatchObject({ isOnce: true, concurrency: { perWorker: 2, perTenant: 1 } });
    expect(byName['alpha.failing']).toMatchObject({ counts: { dead: 1 } });
  });

  it('are narrowed by product', async () => {
    const { data } = await test.ask('root', DEFINITIONS, { product: 'beta' });
    expect(data).toMatchObject({ jobDefinitions: [{ name: 'beta.echo' }] });
    expect((await test.ask(acme, DEFINITIONS, { product: 'beta' })).data).toEqual({ jobDefinitions: [] });
  });
});

describe('The status of the stack', () => {
  it('names what waits and no worker runs: the jobs of a deploy that was rolled back', async () => {
    await test.insert({ name: 'gamma.new-in-this-deploy', tenantId: ACME });
    await test.insert({ name: 'gamma.new-in-this-deploy', tenantId: GLOBEX });
    const { data } = await test.ask('root', '{ stackStatus { jobs { unclaimed { name waiting oldest } } } }');
    expect(data).toEqual({
      stackStatus: {
        jobs: { unclaimed: [{ name: 'gamma.new-in-this-deploy', waiting: 2, oldest: expect.any(String) }] },
      },
    });
  });
});
