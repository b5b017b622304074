import { defineJob, type JobDefinition } from '@inevitable/kit';
import { z } from 'zod';

/** Ends when it is told to; `begun` is how often it was started, `aborted` how often its signal ended it. */
export class Holding {
  begun = 0;
  aborted = 0;
  #release: (() => void)[] = [];

  run(signal: AbortSignal): Promise<void> {
    this.begun += 1;
    return new Promise((resolve, reject) => {
      this.#release.push(resolve);
      signal.addEventListener('abort', () => {
        this.aborted += 1;
        reject(signal.reason as Error);
      });
    });
  }

  release(): void {
    for (const resolve of this.#release.splice(0)) resolve();
  }
}

/** Jobs of two products, `alpha` and `beta`, for every way a job can go. */
export function testJobs(holding: Holding): readonly JobDefinition[] {
  return [
    defineJob({
      name: 'alpha.echo',
      description: 'Says what it is told.',
      payload: z.object({ text: z.string().default('nothing') }),
      run({ payload, progress, log }) {
        log.info('it says', { text: payload.text });
        progress(0.5);
        return Promise.resolve();
      },
    }),
    defineJob({
      name: 'alpha.failing',
      payload: z.object({}),
      retry: { attempts: 2, backoff: 'fixed', firstMs: 1 },
      run: ({ attempt }) => Promise.reject(new Error(`run ${attempt} failed`)),
    }),
    defineJob({
      name: 'alpha.holding',
      payload: z.object({}),
      retry: { attempts: 1, backoff: 'fixed', firstMs: 1 },
      run: ({ signal }) => holding.run(signal),
    }),
    defineJob({
      name: 'alpha.once',
      payload: z.object({ key: z.string() }),
      once: ({ key }) => key,
      concurrency: { perWorker: 2, perTenant: 1 },
      run: ({ signal }) => holding.run(signal),
    }),
    defineJob({
      name: 'alpha.nightly',
      payload: z.object({}),
      queue: 'night',
      schedule: { cron: '0 2 * * *', timezone: 'UTC' },
      scope: 'each-tenant',
      run: () => Promise.resolve(),
    }),
    defineJob({
      name: 'alpha.sweep',
      payload: z.object({}),
      schedule: { cron: '0 3 * * *' },
      run: () => Promise.resolve(),
    }),
    defineJob({ name: 'beta.echo', payload: z.object({}), run: () => Promise.resolve() }),
  ] as never; // of different payloads, which no list of one type holds
}
