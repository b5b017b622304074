import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EventsMissed } from '../../events/heard-event.js';
import type { JobChange } from './job-desk.js';
import { JobStoreSilent, JobWatchers, type HeardChanges } from './job-desk-watch.js';

const CHANGE: JobChange = { id: 'j', state: 'running', tenantId: 'acme', name: 'starter.digest' };
const stop = (): Promise<void> => Promise.resolve();

describe('JobWatchers', () => {
  const leave = new AbortController();
  let say: HeardChanges;
  const watchers = new JobWatchers((heard) => {
    say = heard;
    return { stop };
  });
  const watch = () => watchers.watch({ kind: 'all' }, { signal: leave.signal });

  beforeEach(() => void jest.useFakeTimers());
  afterEach(async () => {
    jest.useRealTimers();
    await watchers.close();
  });

  it('listens where a change is told before the line could say that it listens, and hears that change', async () => {
    const watched = watch();
    // PostgreSQL may send a notification with the answer to LISTEN.
    say([CHANGE]);
    say(null);
    const changes = await watched;
    expect(await changes.next()).toEqual({ done: false, value: CHANGE });
    say([CHANGE]);
    expect(await changes.next()).toEqual({ done: false, value: CHANGE });
  });

  it('tells of a gap wherever the line was lost and is back, each time', async () => {
    const watched = watch();
    say(null);
    const changes = await watched;
    for (let times = 0; times < 2; times++) {
      say(null);
      expect(await changes.next()).toEqual({ done: false, value: expect.any(EventsMissed) });
    }
  });

  it('throws where the line does not say in time that it listens', async () => {
    const watched = expect(watch()).rejects.toThrow(JobStoreSilent);
    say([CHANGE]);
    await jest.advanceTimersByTimeAsync(12_000);
    await watched;
  });
});
