import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRunner } from '../src/runner.js';

/** A task that ends when the test says so. */
function heldTask() {
  const held = { runs: 0 };
  held.task = ({ signal }) => {
    held.runs += 1;
    return new Promise((resolve, reject) => {
      held.finish = resolve;
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };
  return held;
}
const runnerOf = (task, attempts = 1) =>
  createRunner({ task, retry: { attempts, firstMs: 0, mostMs: 0 }, log: () => {}, wait: async () => {} });

describe('A runner', () => {
  it('never runs its task twice at once', async () => {
    const held = heldTask();
    const runner = runnerOf(held.task);
    const first = runner.run();
    await runner.run();
    assert.equal(held.runs, 1);
    assert.equal(runner.state().skipped, 1);
    held.finish('first');
    await first;
    const second = runner.run();
    assert.equal(held.runs, 2);
    held.finish('second');
    await second;
    assert.equal(runner.state().last.result, 'second');
  });

  it('tells how its last run ended, and throws nothing', async () => {
    const runner = runnerOf(async ({ attempt }) => assert.fail(`attempt ${attempt}`), 3);
    await runner.run();
    const { outcome, reason } = runner.state().last;
    assert.deepEqual({ outcome, reason }, { outcome: 'failed', reason: 'attempt 3' });
  });

  it('lets the run under way end before it stops, and starts no other', async () => {
    const held = heldTask();
    const runner = runnerOf(held.task);
    const running = runner.run();
    const stopped = runner.stop(60_000);
    await runner.run();
    held.finish('in time');
    assert.equal(await stopped, true);
    await running;
    assert.equal(held.runs, 1);
    assert.equal(runner.state().last.result, 'in time');
  });

  it('asks a run to give up that has not ended in time', async () => {
    const held = heldTask();
    const runner = runnerOf(held.task);
    const running = runner.run();
    assert.equal(await runner.stop(0), false);
    await running;
    assert.equal(runner.state().last.reason, 'the worker stops');
  });
});
