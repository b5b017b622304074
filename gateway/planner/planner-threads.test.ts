import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { pino } from 'pino';
import { costing, ENDLESS, MAZE, request } from '../test-support/maze.js';
import { TEST_SUPERGRAPH } from '../test-support/test-subgraphs.js';
import { loadApolloPlanner } from './apollo-planner.js';
import { PlannerBusy, PlanningFailed, PlanningTimedOut, UnusableSupergraph } from './planner.js';
import { startPlannerThreads, type PlannerThreadsOptions } from './planner-threads.js';

/** Takes hundreds of milliseconds. */
const SLOW = costing(2);
const NOTES = request('{ notes { text author { email greeting } } }');

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  jest.useRealTimers();
  for (const close of closing.splice(0)) await close();
});

function threadsOf(options: Partial<PlannerThreadsOptions> = {}) {
  const threads = startPlannerThreads({ size: 1, log: pino({ level: 'silent' }), ...options });
  closing.push(() => threads.close());
  return threads;
}

/** Lets a test decide when a timeout is over; threads and their messages are as real as ever. */
const freezeTimeouts = () =>
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance', 'Date'] });

describe('Planner threads', () => {
  it('plan as the planner in the main thread does', async () => {
    const here = loadApolloPlanner(TEST_SUPERGRAPH);
    const there = await threadsOf().load(TEST_SUPERGRAPH);
    expect(there.supergraph).toEqual(here.supergraph);
    for (const each of [
      NOTES,
      request('query Q($n: Int!) { node { noteCount ... @defer(label: "x") { notes { text } } } }', 'Q'),
      request('mutation { count(input: { by: 1 }) }'),
      request('{ __typename }'),
    ])
      expect(await there.plan(each)).toEqual(here.plan(each));
  });

  it('do not plan again what they planned, and answer it while they are busy', async () => {
    const threads = threadsOf();
    const maze = await threads.load(MAZE);
    const notes = await threads.load(TEST_SUPERGRAPH);
    const first = await notes.plan(NOTES);
    const order: string[] = [];
    const slow = maze.plan(SLOW).then(() => order.push('another plan'));
    const again = notes.plan(NOTES).then((plan) => (order.push('the same one'), plan));
    expect(await again).toEqual(first);
    await slow;
    expect(order).toEqual(['the same one', 'another plan']);
  });

  it('leave the main thread free while a novel operation is planned', async () => {
    const planner = await threadsOf().load(MAZE);
    const order: string[] = [];
    const planned = planner.plan(SLOW).then(() => order.push('planned'));
    for (let turns = 0; turns < 20; turns++) await turn();
    order.push('twenty turns of the main thread');
    await planned;
    expect(order).toEqual(['twenty turns of the main thread', 'planned']);
  });

  it('plan on when one operation takes too long, and only that one is rejected', async () => {
    const threads = threadsOf({ size: 2 });
    const maze = await threads.load(MAZE);
    const notes = await threads.load(TEST_SUPERGRAPH);
    freezeTimeouts();
    const endless = maze.plan(ENDLESS).catch((error: unknown) => error);
    expect(await notes.plan(NOTES)).toHaveProperty('plan.node'); // in the other thread
    jest.advanceTimersByTime(10_000);
    expect(await endless).toEqual(new PlanningTimedOut('Maze', 10_000));
    expect(await Promise.all([maze.plan(costing(1)), notes.plan(NOTES), maze.plan(costing(0))])).toHaveLength(3);
  });

  it('do not count the wait for a thread as planning', async () => {
    const threads = threadsOf();
    const maze = await threads.load(MAZE);
    freezeTimeouts();
    const endless = maze.plan(ENDLESS).catch((error: unknown) => error);
    const waits = maze.plan(costing(1));
    jest.advanceTimersByTime(10_000);
    expect(await endless).toBeInstanceOf(PlanningTimedOut);
    // The replacing thread loads the supergraph again, then plans what waited.
    expect(await waits).toHaveProperty('plan.node');
  });

  it('refuse a bad supergraph in words, and load the next one', async () => {
    const threads = threadsOf();
    await expect(threads.load('type Query { a: Int }')).rejects.toEqual(
      new UnusableSupergraph('Invalid supergraph: must be a core schema'),
    );
    expect((await threads.load(TEST_SUPERGRAPH)).supergraph.apiSdl).toContain('type Note');
  });

  it('refuse an operation in words, and plan the next one', async () => {
    const planner = await threadsOf().load(TEST_SUPERGRAPH);
    await expect(planner.plan(request('{ nope }'))).rejects.toEqual(
      new PlanningFailed(null, 'Cannot query field "nope" on type "Query".'),
    );
    expect(await planner.plan(NOTES)).toHaveProperty('plan.node');
  });

  it('plan on an old supergraph while the new one is there, until it is closed', async () => {
    const threads = threadsOf();
    const old = await threads.load(TEST_SUPERGRAPH);
    const next = await threads.load(MAZE);
    expect(await old.plan(NOTES)).toHaveProperty('plan.node');
    await old.close();
    await old.close();
    await expect(old.plan(NOTES)).rejects.toEqual(new PlanningFailed(null, 'its supergraph was unloaded.'));
    expect(await next.plan(costing(1))).toHaveProperty('plan.node');
  });

  it('reject what is under way and what waits when its supergraph is closed, and nothing else', async () => {
    const threads = threadsOf();
    const maze = await threads.load(MAZE);
    const notes = await threads.load(TEST_SUPERGRAPH);
    const settled = Promise.allSettled([maze.plan(SLOW), maze.plan(SLOW), notes.plan(NOTES)]);
    await maze.close();
    const unloaded = { status: 'rejected', reason: new PlanningFailed('Maze', 'its supergraph was unloaded.') };
    expect(await settled).toEqual([unloaded, unloaded, { status: 'fulfilled', value: expect.anything() }]);
  });

  it('turn an operation away at once when too many wait', async () => {
    const planner = await threadsOf({ mostWaiting: 2 }).load(TEST_SUPERGRAPH);
    const accepted = [NOTES, NOTES, NOTES].map((each) => planner.plan(each)); // one is under way
    await expect(planner.plan(NOTES)).rejects.toEqual(new PlannerBusy(null, 2));
    expect(await Promise.all(accepted)).toHaveLength(3);
  });

  it('reject everything when they are closed, and stay closed', async () => {
    const threads = threadsOf();
    const planner = await threads.load(MAZE);
    const [plan, load] = [planner.plan(ENDLESS), threads.load(TEST_SUPERGRAPH)];
    const settled = Promise.allSettled([plan, load]);
    await threads.close();
    await threads.close();
    expect(await settled).toEqual([
      { status: 'rejected', reason: new PlanningFailed('Maze', 'the planner threads were closed.') },
      { status: 'rejected', reason: new UnusableSupergraph('the planner threads were closed.') },
    ]);
    await expect(threads.load(TEST_SUPERGRAPH)).rejects.toThrow('the planner threads were closed.');
  });
});
