import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withRetries } from '../src/with-retries.js';

/** Fails `times` times, then answers "done". */
const failing = (times) => {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw new Error(`failure ${calls}`);
    return 'done';
  };
};

/** What was waited, in milliseconds; no time passes. */
async function waitsOf(task, options = {}) {
  const waits = [];
  const outcome = await withRetries(task, {
    attempts: 5,
    firstMs: 100,
    mostMs: 300,
    signal: new AbortController().signal,
    random: () => 1,
    wait: async (ms) => void waits.push(ms),
    ...options,
  });
  return { waits, outcome };
}

describe('A task with retries', () => {
  it('that succeeds is run once', async () => {
    assert.deepEqual(await waitsOf(failing(0)), { waits: [], outcome: { result: 'done', attempts: 1 } });
  });

  it('waits twice as long before each further attempt, up to the most', async () => {
    assert.deepEqual(await waitsOf(failing(4)), {
      waits: [100, 200, 300, 300],
      outcome: { result: 'done', attempts: 5 },
    });
  });

  it('waits at least half of that', async () => {
    const { waits } = await waitsOf(failing(2), { random: () => 0 });
    assert.deepEqual(waits, [50, 100]);
  });

  it('throws what the last attempt threw', async () => {
    await assert.rejects(waitsOf(failing(5)), { message: 'failure 5' });
  });

  it('is not tried again once its signal has aborted', async () => {
    await assert.rejects(waitsOf(failing(1), { signal: AbortSignal.abort() }), { message: 'failure 1' });
  });
});
