import { afterAll, beforeAll, describe, it } from '@jest/globals';
import fc from 'fast-check';
import { loadApolloEngine } from '../../gateway/test-support/reference-engine/load-apollo-engine.js';
import { answersAsTheOracle, type Contestant } from './differential-property.js';
import { engineOverSubgraphs, type LoadEngine } from './engines/engine-over-subgraphs.js';
import { loadEngine } from './engines/load-engine.js';
import { OUR_LIMITS, REFERENCE_FAULTS } from './known-faults.js';
import { commonSupergraph, fullSupergraph, type RichSupergraph } from './rich-supergraph/rich-supergraph.js';

export interface Effort {
  /** How many operations go to all three: ours, the reference and the oracle. */
  readonly threeWay: number;
  /** How many go to ours and the oracle, over the supergraph that the reference refuses. */
  readonly twoWay: number;
  /** The same operations every time; without it, others with every run. */
  readonly seed?: number;
  /** Shrinking stops then, so that the seed is printed before the test's own time is up. */
  readonly limitMs: number;
}

/** Random operations with random faults through the engines. A failure prints its seed. */
export function describeDifferential({ threeWay, twoWay, seed, limitMs }: Effort): void {
  const close: (() => Promise<void>)[] = [];
  let common: RichSupergraph;
  let full: RichSupergraph;

  beforeAll(() => {
    common = commonSupergraph();
    full = fullSupergraph();
  });
  afterAll(async () => {
    for (const one of close) await one();
  });

  async function overBothTransports(name: string, load: LoadEngine, supergraph: RichSupergraph) {
    const engines = await Promise.all([
      engineOverSubgraphs(name, load, supergraph, 'in process'),
      engineOverSubgraphs(name, load, supergraph, 'over HTTP'),
    ]);
    close.push(...engines.map((engine) => () => engine.close()));
    return engines;
  }
  const ours = async (supergraph: RichSupergraph): Promise<Contestant> => ({
    engines: await overBothTransports('our engine', loadEngine, supergraph),
    knownFaults: OUR_LIMITS,
  });
  const check = (supergraph: RichSupergraph, contestants: readonly Contestant[], numRuns: number) =>
    fc.assert(answersAsTheOracle(supergraph, contestants), {
      numRuns,
      interruptAfterTimeLimit: limitMs,
      ...(seed !== undefined && { seed }),
    });

  describe('Any operation over the rich supergraph, with any faults', () => {
    it(
      'is answered as the merged schema in one piece answers it',
      async () => {
        await check(full, [await ours(full)], twoWay);
      },
      limitMs * 2,
    );

    it(
      'is answered by the reference alike, but for its known faults',
      async () => {
        const reference = await overBothTransports('the reference', loadApolloEngine, common);
        await check(common, [await ours(common), { engines: reference, knownFaults: REFERENCE_FAULTS }], threeWay);
      },
      limitMs * 2,
    );
  });
}
