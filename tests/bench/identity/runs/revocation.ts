import { setTimeout as wait } from 'node:timers/promises';
import { quantile } from '../../jobs/measure/quantile.js';
import type { StackBed } from '../measure/stack-bed.js';
import type { Options } from '../options.js';

const MOST_SAMPLES = 100;
const ASK_EVERY_MS = 5;
const GIVE_UP_MS = 30_000;

export interface RevocationFigures {
  readonly samples: number;
  /** From the answer to signing out until the gateway refuses the access token. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function measureRevocation(stack: StackBed, { samples }: Options): Promise<RevocationFigures> {
  const people = await stack.people(Math.min(samples, MOST_SAMPLES));
  const took: number[] = [];
  for (const email of people) {
    const { body } = await stack.login(email);
    if (!(await stack.viewer(body.accessToken))) throw new Error('A new token was refused.');
    await stack.logout(body.refreshToken);
    const endedAt = performance.now();
    while (await stack.viewer(body.accessToken)) {
      if (performance.now() - endedAt > GIVE_UP_MS) throw new Error('A token outlived its session by 30 s.');
      await wait(ASK_EVERY_MS);
    }
    took.push(performance.now() - endedAt);
  }
  return { samples: took.length, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) };
}
