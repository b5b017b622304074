import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { hash, verify } from '@node-rs/argon2';
import { quantile } from '../../jobs/measure/quantile.js';
import { ownCpuMs } from '../../jobs/processes/own-cpu.js';
import { usageOf } from '../../processes/usage.js';
import { ARGON2ID, PASSWORD, type StackBed } from '../measure/stack-bed.js';
import type { Options } from '../options.js';

/** As many at once as core-identity hashes, and four times as many who want to sign in. */
const PLACES = Math.min(availableParallelism(), 3);
const CALLERS = 4 * PLACES;
const PEOPLE = 400;
const QUERY_EVERY_MS = 25;

export interface SignInFigures {
  /** Argon2id alone, in a process that does nothing else. */
  readonly barePerSecond: number;
  readonly perSecond: number;
  readonly ratio: number;
  /** Of the stack's process, for each sign-in. */
  readonly cpuMs: number;
  /** Of one evaluation of Argon2id alone. */
  readonly bareCpuMs: number;
  /** Of queries through the gateway meanwhile, and with nothing else to do. */
  readonly queries: { readonly p50Ms: number; readonly p99Ms: number; readonly count: number };
  readonly quiet: { readonly p50Ms: number; readonly p99Ms: number };
}

/** Signs in as fast as it goes, before and after which Argon2id alone is measured: the machine is the same. */
export async function measureSignIn(stack: StackBed, { seconds }: Options): Promise<SignInFigures> {
  const people = await stack.people(PEOPLE);
  const { body } = await stack.login(people[0]!);
  const forMs = seconds * 1_000;
  const quiet = await queriesFor(stack, body.accessToken, Math.min(forMs, 3_000));
  const before = await bareRate(Math.min(forMs, 3_000));

  let [done, next] = [0, 1];
  const cpuBefore = await cpuMsOf(stack.pid);
  const startedAt = performance.now();
  const caller = async (): Promise<void> => {
    while (performance.now() - startedAt < forMs) {
      const { status } = await stack.login(people[next++ % PEOPLE]!);
      if (status !== 200) throw new Error(`A sign-in was answered with ${status}.`);
      done++;
    }
  };
  const [queries] = await Promise.all([
    queriesFor(stack, body.accessToken, forMs),
    ...Array.from({ length: CALLERS }, caller),
  ]);
  const tookMs = performance.now() - startedAt;
  const cpuMs = ((await cpuMsOf(stack.pid)) - cpuBefore) / done;
  const after = await bareRate(Math.min(forMs, 3_000));
  const barePerSecond = (before.perSecond + after.perSecond) / 2;
  const perSecond = (done * 1_000) / tookMs;
  return {
    barePerSecond,
    perSecond,
    ratio: perSecond / barePerSecond,
    cpuMs,
    bareCpuMs: (before.cpuMs + after.cpuMs) / 2,
    queries: { p50Ms: quantile(queries, 0.5), p99Ms: quantile(queries, 0.99), count: queries.length },
    quiet: { p50Ms: quantile(quiet, 0.5), p99Ms: quantile(quiet, 0.99) },
  };
}

/** One after the other, so that a slow answer keeps no other from being measured. */
async function queriesFor(stack: StackBed, accessToken: string, forMs: number): Promise<readonly number[]> {
  const took: number[] = [];
  const endsAt = performance.now() + forMs;
  while (performance.now() < endsAt) {
    const startedAt = performance.now();
    if (!(await stack.viewer(accessToken))) throw new Error('The gateway refuses the token it is asked with.');
    took.push(performance.now() - startedAt);
    await wait(QUERY_EVERY_MS);
  }
  return took;
}

async function bareRate(forMs: number): Promise<{ readonly perSecond: number; readonly cpuMs: number }> {
  const stored = await hash(PASSWORD, ARGON2ID);
  let done = 0;
  const [startedAt, cpuBefore] = [performance.now(), ownCpuMs()];
  const place = async (): Promise<void> => {
    while (performance.now() - startedAt < forMs) {
      await verify(stored, PASSWORD);
      done++;
    }
  };
  await Promise.all(Array.from({ length: PLACES }, place));
  return { perSecond: (done * 1_000) / (performance.now() - startedAt), cpuMs: (ownCpuMs() - cpuBefore) / done };
}

const cpuMsOf = async (pid: number): Promise<number> => (await usageOf(pid)).cpuMs;
