import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openGraph, type OpenGraph } from '../../gateway/test-support/open-graph.js';
import { answersInPartsAsInOnePiece } from './defer-property.js';
import type { Situation } from './rich-supergraph/rich-subgraph.js';
import { fullSupergraph, handlesOf, type RichSupergraph } from './rich-supergraph/rich-supergraph.js';

export interface DeferEffort {
  readonly runs: number;
  /** The same operations every time; without it, others with every run. */
  readonly seed?: number;
  /** Shrinking stops then, so that the seed is printed before the test's own time is up. */
  readonly limitMs: number;
}

/** Random operations with something deferred through the gateway. A failure prints its seed. */
export function describeDefer({ runs, seed, limitMs }: DeferEffort): void {
  let supergraph: RichSupergraph;
  let graph: OpenGraph;
  let situation: Situation;
  const forget = (): void => void (situation = { faults: [], journal: [] });
  beforeAll(async () => {
    supergraph = fullSupergraph();
    graph = await openGraph(
      supergraph.sdl,
      handlesOf(supergraph, () => situation),
    );
  });
  afterAll(() => graph.close());

  describe('Any operation over the rich supergraph', () => {
    it(
      'comes to the same answer in parts as in one piece',
      async () => {
        const payloads: number[] = [];
        const onAnswered = (count: number): void => void payloads.push(count);
        await fc.assert(answersInPartsAsInOnePiece({ supergraph, graph, forget, onAnswered }), {
          numRuns: runs,
          interruptAfterTimeLimit: limitMs,
          ...(seed !== undefined && { seed }),
        });
        expect(payloads.filter((count) => count > 1).length).toBeGreaterThan(payloads.length / 4);
      },
      limitMs * 2,
    );
  });
}
