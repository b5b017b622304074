import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { costing, ENDLESS, MAZE } from '../test-support/maze.js';
import { TEST_SUPERGRAPH } from '../test-support/test-subgraphs.js';
import { PlanningFailed } from './planner.js';
import { startPlannerThreads } from './planner-threads.js';

describe('Planner threads', () => {
  it('survive a plan that needs more memory than a thread may have', async () => {
    const log = pino({ level: 'silent' });
    const threads = startPlannerThreads({ size: 1, heapMb: 16, planTimeoutMs: 60_000, log });
    const maze = await threads.load(MAZE);
    const endless = maze.plan(ENDLESS).catch((error: unknown) => error);
    const waits = maze.plan(costing(1));
    expect(await endless).toEqual(
      new PlanningFailed('Maze', 'Worker terminated due to reaching memory limit: JS heap out of memory'),
    );
    expect(await waits).toHaveProperty('plan.node');
    await threads.close();
  });

  it('let the process end when nothing is left to plan, and not before', async () => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', SCRIPT, new URL('../dist/planner/planner-threads.js', import.meta.url).href],
      { env: { SUPERGRAPH: TEST_SUPERGRAPH, APOLLO_FEDERATION_DEBUG: 'true' } },
    );
    expect({ stdout, stderr }).toEqual({ stdout: 'QueryPlan\n', stderr: '' });
  });
});

/** Neither awaits at the top, where a module that never ends would be noticed, nor closes anything. */
const SCRIPT = `
  const { startPlannerThreads } = await import(process.argv[1]);
  startPlannerThreads({ log: null })
    .load(process.env.SUPERGRAPH)
    .then((planner) => planner.plan({ document: '{ notes { text } }', operationName: null, overrides: {}, conditions: new Map() }))
    .then(({ plan }) => console.log(plan.kind));
`;
