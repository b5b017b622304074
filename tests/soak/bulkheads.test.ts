import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'undici';
import {
  SLOW_QUERY,
  startFlood,
  startGuardedGateway,
  type Flood,
  type GuardedGateway,
} from '../support/start-guarded-gateway.js';

const FLOODING_CONNECTIONS = 64;
const ROUNDS = 10;
/** Of the open one fewer: each takes ten times as long. */
const ASKED_IN_A_ROUND = { guarded: 150, open: 25 };
/** As many as a subgraph has connections to its database, each for as long as an ordinary question takes. */
const SUBGRAPH = { takesMs: 10, atOnce: 5 };

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((one, other) => one - other)[Math.ceil(values.length * share) - 1]!;

interface Side {
  readonly gateway: GuardedGateway;
  readonly flood: Flood;
  readonly quiet: number[];
  readonly flooded: number[];
}

const sides: Record<'guarded' | 'open', Side> = {} as never;
beforeAll(async () => {
  for (const [name, guards] of [
    ['guarded', {}],
    ['open', { concurrency: null }],
  ] as const) {
    const gateway = await startGuardedGateway(SUBGRAPH, guards);
    const flood = await startFlood(gateway.url, gateway.tokens[0], FLOODING_CONNECTIONS);
    sides[name] = { gateway, flood, quiet: [], flooded: [] };
  }
});
afterAll(() => {
  for (const { gateway, flood } of Object.values(sides)) {
    flood.stop();
    gateway.stop();
  }
});

let number = 1_000_000;

/** One after another, as the tenant that floods nobody. Answers how long each took, in milliseconds. */
async function ask({ url, tokens }: GuardedGateway, count: number): Promise<number[]> {
  const client = new Client(url);
  const taken: number[] = [];
  for (let at = 0; at < count; at++) {
    const began = performance.now();
    const { body } = await client.request({
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[1]}` },
      body: JSON.stringify({ query: SLOW_QUERY, variables: { number: number++ } }),
    });
    expect(await body.json()).toEqual({ data: { slow: 'there' } });
    taken.push(performance.now() - began);
  }
  await client.close();
  return taken;
}

describe('A tenant on 64 connections that asks on and on', () => {
  it("leaves another's p99 within 1.5 times of what it is without", async () => {
    for (const { gateway, flood } of Object.values(sides)) {
      await flood.begin();
      await ask(gateway, 100); // what is compiled is compiled then
      await flood.end();
    }
    let answered = 0;
    // By turns, so that whatever else the machine does is in all of them.
    for (let round = 0; round < ROUNDS; round++)
      for (const name of ['guarded', 'open'] as const) {
        const { gateway, flood, quiet, flooded } = sides[name];
        const count = ASKED_IN_A_ROUND[name];
        quiet.push(...(await ask(gateway, count)));
        await flood.begin();
        flooded.push(...(await ask(gateway, count)));
        const statuses = await flood.end();
        expect(Object.keys(statuses)).toEqual(['200']);
        if (name === 'guarded') answered += statuses['200']!;
      }

    const ratios = Object.entries(sides).map(([name, { quiet, flooded }]) => {
      const [before, during] = [quantile(quiet, 0.99), quantile(flooded, 0.99)];
      const medians = `p50 ${quantile(quiet, 0.5).toFixed(1)} and ${quantile(flooded, 0.5).toFixed(1)} ms`;
      process.stdout.write(
        `  ${name}, quiet and flooded: ${medians}, p99 ${before.toFixed(1)} and ${during.toFixed(1)} ms: ${(during / before).toFixed(2)} times\n`,
      );
      return during / before;
    });
    expect(ratios[0]).toBeLessThan(1.5);
    expect(ratios[1]).toBeGreaterThan(1.5); // or nothing was flooded
    expect(answered).toBeGreaterThan(ROUNDS * ASKED_IN_A_ROUND.guarded); // nor does it go without
  }, 600_000);
});
