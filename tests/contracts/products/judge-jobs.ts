import { newId, type JobDefinition, type SubgraphDeclaration } from '@inevitable/kit';
import { JOB_STORE_SCHEMA, openJobDesk, roleUrl, type JobByHand, type JobDesk } from '@inevitable/kit/host';
import { until, type ProductFixture, type TestCaller, type TestSubgraph } from '@inevitable/kit/testing';
import { pino } from 'pino';

const ALL = { kind: 'all' } as const;
/** More than the contract makes of one job, with one for each tenant. */
const LATEST = { take: 50, afterId: null } as const;

/** A product whose worker runs, and the caller whose tenant its jobs are run for. */
export interface WorkedOn {
  readonly product: TestSubgraph;
  readonly caller: TestCaller;
  readonly declaration: Pick<SubgraphDeclaration, 'name' | 'jobs'>;
  readonly fixture: Pick<ProductFixture, 'payloads'>;
}

/** A worker computes the times of schedules when it first looks. */
const DUE_WITHIN_MS = 10_000;

/**
 * Which declared jobs do not do their work when they are run by hand, and which schedules never come due (`withinMs`: none
 * has been computed by then); each a sentence.
 */
export const judgeJobs = (worked: WorkedOn, withinMs: number = DUE_WITHIN_MS): Promise<string[]> =>
  atDesk(worked, async (desk) => {
    const { orders, findings } = await ordersOf(worked);
    for (const order of orders) {
      findings.push(...(await give(order, desk)));
      findings.push(...(await judgeOutcome(order, desk, worked)));
    }
    for (const name of await neverDue(desk, worked, withinMs))
      findings.push(`Job "${name}" has a schedule, and no time at which it comes due.`);
    return findings;
  });

/** Which jobs that were made while no worker ran are not done when one runs again; each a sentence. */
export const judgeRestart = (worked: WorkedOn): Promise<string[]> =>
  atDesk(worked, async (desk) => {
    const { orders, findings } = await ordersOf(worked);
    await worked.product.jobs.stop();
    for (const order of orders) {
      findings.push(...(await give(order, desk)));
      const state = (await desk.job(ALL, order.id))?.state;
      if (state !== 'ready') findings.push(`Job "${order.name}" is ${state} while no worker runs.`);
    }
    await worked.product.jobs.start();
    for (const order of orders) findings.push(...(await judgeOutcome(order, desk, worked)));
    return findings;
  });

async function atDesk<T>({ product: { ownerUrl } }: WorkedOn, work: (desk: JobDesk) => Promise<T>): Promise<T> {
  const reader = roleUrl(ownerUrl, new URL(ownerUrl).password, JOB_STORE_SCHEMA, 'reader');
  const desk = await openJobDesk(reader, pino({ level: 'silent' }));
  try {
    return await work(desk);
  } finally {
    await desk.close();
  }
}

/** Each declared job once, as an operator orders it; a sentence for each that does not take what it would be run with. */
async function ordersOf({ product, caller, declaration, fixture }: WorkedOn) {
  const orders: JobByHand[] = [];
  const findings: string[] = [];
  for (const job of declaration.jobs ?? []) {
    const payload = (await fixture.payloads?.[job.name]?.(product, caller)) ?? {};
    if (job.payload.safeParse(payload).success) orders.push(orderOf(job, payload, caller));
    else
      findings.push(
        `Job "${job.name}" does not take ${JSON.stringify(payload)}: say in payloads of the fixture what it is run with.`,
      );
  }
  return { orders, findings };
}

function orderOf({ name, scope, schedule }: JobDefinition, payload: object, { context }: TestCaller): JobByHand {
  const id = newId();
  const fansOut = scope === 'each-tenant';
  const tenantId = fansOut || schedule ? null : context.tenant!.id;
  return { id, name, tenantId, payload, fansOut, correlationId: id, trace: null, onceKey: null };
}

async function give(order: JobByHand, desk: JobDesk): Promise<string[]> {
  const outcome = await desk.run(ALL, order);
  return outcome === 'queued' ? [] : [`Job "${order.name}" cannot be made by hand: ${outcome}.`];
}

async function judgeOutcome(
  { id, name, fansOut }: JobByHand,
  desk: JobDesk,
  { product, caller }: WorkedOn,
): Promise<string[]> {
  await product.jobs.settled(name);
  const seen = await desk.jobs(ALL, { name }, LATEST);
  const tenantId = caller.context.tenant!.id;
  const findings: string[] = [];
  if (!seen.some((job) => job.id === id && job.state === 'succeeded')) findings.push(`Job "${name}" did not succeed.`);
  if (fansOut && !seen.some((job) => job.tenantId === tenantId && job.state === 'succeeded'))
    findings.push(`Job "${name}" did not succeed for the tenant.`);
  const dead = seen.filter(({ state }) => state === 'dead');
  return [...findings, ...dead.map(({ error }) => `A job "${name}" is dead: ${error}`)];
}

/** Names of jobs with a schedule for which no worker finds a time. */
async function neverDue(
  desk: JobDesk,
  { declaration: { name, jobs = [] } }: WorkedOn,
  withinMs: number,
): Promise<readonly string[]> {
  const scheduled = jobs.filter(({ schedule }) => schedule).map((job) => job.name);
  const look = async (): Promise<readonly string[]> => {
    const due = (await desk.definitions(ALL, { product: name })).filter(({ schedule }) => schedule?.nextDue != null);
    return scheduled.filter((each) => !due.some((definition) => definition.name === each));
  };
  const areAllDue = async () => (await look()).length === 0;
  await until('every schedule has a time', areAllDue, withinMs).catch(() => undefined); // what is missing is the answer
  return look();
}
