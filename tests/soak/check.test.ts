import type { RecordedUsage } from '@inevitable/contract';
import { describe, expect, it } from '@jest/globals';
import { apiSchemaOf } from '@inevitable/gateway';
import {
  checkCandidate,
  composeSubgraphs,
  readSubgraphs,
  readSupergraphConfig,
  type CheckedSupergraph,
  type SubgraphText,
} from '@inevitable/toolchain';
import { largeSupergraph } from '../support/large-supergraph.js';
import { randomOperations } from '../support/random-operations.js';

const OPERATIONS = 10_000;
const LONGEST_S = 60;

function composed(subgraphs: readonly SubgraphText[]): CheckedSupergraph {
  const outcome = composeSubgraphs(subgraphs);
  if (outcome.kind === 'failed') throw new Error(outcome.findings.map(({ message }) => message).join('\n'));
  return { supergraphSdl: outcome.sdl, subgraphs };
}

/** Recorded by as many clients as a company may have, each operation by three of them. */
function recorded(supergraph: CheckedSupergraph): RecordedUsage {
  const operations = randomOperations(apiSchemaOf(supergraph.supergraphSdl), OPERATIONS).map(
    ({ name, document, inputs }, at) => ({
      signature: `${at}`.padStart(64, '0'),
      operationName: name,
      document,
      inputs,
      count: 1 + (at % 1_000),
      lastSeen: new Date('2026-11-20T10:00:00Z'),
      clients: [0, 1, 2].map((other) => ({ name: `app-${(at + other) % 50}`, version: '1.0', plan: 'pro', count: 1 })),
    }),
  );
  return {
    operations: async ({ first, after }) => {
      const from = after === null ? 0 : Number(after) + 1;
      return operations.slice(from, from + first);
    },
    since: async () => new Date('2026-11-01T00:00:00Z'),
    leftOut: async () => null,
  };
}

async function measured(base: CheckedSupergraph, candidate: CheckedSupergraph) {
  const usage = { recorded: recorded(base), days: 30, operations: [] };
  const steps = new Set<string>();
  const started = performance.now();
  const report = await checkCandidate({
    base,
    candidate,
    composition: [],
    usage,
    progress: (step) => void steps.add(step),
  });
  const seconds = (performance.now() - started) / 1_000;
  const { planned, untouched, outOfTime, regressions } = report.plans;
  const figures = { seconds, changes: report.changes.length, planned, untouched, outOfTime, worse: regressions.length };
  console.info(JSON.stringify(figures));
  return { report, seconds, steps: [...steps] };
}

const STEPS = [
  'reading recorded operations',
  'reading operations',
  'comparing schemas',
  'validating operations',
  'comparing plans',
];

/** A subgraph of which every `from` becomes `to`. */
const changed = (subgraphs: readonly SubgraphText[], name: string, from: RegExp, to: string): readonly SubgraphText[] =>
  subgraphs.map((one) => (one.name === name ? { ...one, sdl: one.sdl.replace(from, to) } : one));

describe('stack check of 10,000 recorded operations', () => {
  it('takes less than a minute for this very repository', async () => {
    const subgraphs = await readSubgraphs('supergraph.yaml', await readSupergraphConfig('supergraph.yaml'));
    const notes = subgraphs.find(({ name }) => name === 'starter')!;
    const candidate = [
      ...changed(subgraphs, 'starter', /(type Note [\s\S]*?)text: String!/, '$1words: String!'),
      // Every plan of a note, a user or a tenant may be another one now.
      {
        ...notes,
        name: 'more',
        sdl: 'type Note @key(fields: "id") { id: ID! }\ntype User @key(fields: "id") { id: ID! seen: Int }\ntype Tenant @key(fields: "id") { id: ID! seen: Int }\n',
      },
    ];
    const { report, seconds, steps } = await measured(composed(subgraphs), composed(candidate));

    expect(steps).toEqual(STEPS);
    expect(report.usage.operations).toBe(OPERATIONS);
    expect(report.changes.some(({ severity }) => severity === 'error')).toBe(true);
    expect(report.plans.planned).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(LONGEST_S);
  });

  it('takes less than a minute where every one of them needs a new plan, and says how many were left out', async () => {
    const subgraphs = await readSubgraphs('supergraph.yaml', await readSupergraphConfig('supergraph.yaml'));
    const renamed = subgraphs.map((one) => ({ ...one, name: `${one.name}-apart` })); // no plan can be told to be the same
    const { report, seconds } = await measured(composed(subgraphs), composed(renamed));
    const { planned, untouched, outOfTime } = report.plans;

    expect([report.usage.operations, untouched]).toEqual([OPERATIONS, 0]);
    expect(planned).toBeGreaterThan(0);
    expect(report.findings.some(({ code }) => code === 'PLANS_LEFT_OUT')).toBe(outOfTime > 0);
    expect(seconds).toBeLessThan(LONGEST_S);
  }, 200_000);

  it('takes less than a minute for 100 subgraphs of 5,000 types', async () => {
    const subgraphs = largeSupergraph({ subgraphs: 100, typesEach: 50 }).map((one) => ({
      ...one,
      file: `${one.name}.graphql`,
      served: false,
    }));
    const renamed = changed(subgraphs, 'team-3', /\bprice: Money/g, 'cost: Money');
    const candidate = changed(
      renamed,
      'team-3',
      /(T3Thing\d+ implements T3Named) @key/g,
      '$1 @key(fields: "id name") @key',
    );
    const { report, seconds } = await measured(composed(subgraphs), composed(candidate));

    expect(report.usage.operations).toBe(OPERATIONS);
    expect(seconds).toBeLessThan(LONGEST_S);
  }, 300_000); // composing both, and making up the operations, takes longer than what is measured
});
