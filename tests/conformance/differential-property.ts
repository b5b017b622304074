import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { differences } from './compare-answers.js';
import type { Answer, EngineUnderTest, Operation } from './engines/engine-under-test.js';
import { oracleOf } from './engines/oracle.js';
import type { Faults } from './faults.js';
import type { KnownFault } from './known-faults.js';
import { arbitraryFaults, faultsAmong } from './operations/arbitrary-faults.js';
import { arbitraryOperation } from './operations/arbitrary-operation.js';
import { printOperation } from './operations/print-operation.js';
import type { RichSupergraph } from './rich-supergraph/rich-supergraph.js';

export interface Contestant {
  /** The same engine over different transports. They take turns. */
  readonly engines: readonly EngineUnderTest[];
  /** Differences that are not a failure. */
  readonly knownFaults?: readonly KnownFault[];
}

/**
 * Any operation, whatever fails behind it, is answered by every contestant as the oracle answers it.
 * A failure prints the operation; fast-check adds the seed and the path that lead to it again.
 */
export function answersAsTheOracle(supergraph: RichSupergraph, contestants: readonly Contestant[]) {
  const oracle = oracleOf(supergraph);
  return fc.asyncProperty(cases(supergraph), async ({ operation, faults, turn }) => {
    fc.pre(validate(supergraph.apiSchema, parse(operation.source)).length === 0);
    const expected = await oracle.run(operation, faults);
    fc.pre('data' in expected); // otherwise the variables do not fit, which is found out before any engine is asked
    const everyError = await oracle.everyError(operation, faults);

    for (const { engines, knownFaults = [] } of contestants) {
      const engine = engines[turn % engines.length]!;
      const actual = await answerOf(engine, operation, faults);
      // That a plan may take too long is the planner's to promise; on a busy machine it says nothing about the answer.
      fc.pre(!actual.rejection?.includes('PlanningTimedOut'));
      const found = differences({ answer: expected, everyError }, actual).filter(
        (difference) => !knownFaults.some((fault) => fault.explains(difference, { operation, expected, actual })),
      );
      if (found.length > 0) throw new Error(report(engine, found, actual, expected));
    }
  });
}

interface Case {
  readonly operation: Operation;
  readonly faults: Faults;
  readonly turn: number;
}

const cases = (supergraph: RichSupergraph): fc.Arbitrary<Case> =>
  fc
    .tuple(arbitraryOperation(supergraph.apiSchema), arbitraryFaults, fc.nat())
    .map(([operationTree, faultTrees, turn]) => {
      const operation = printOperation(operationTree);
      const faults = faultsAmong(faultTrees, operation, supergraph);
      return { operation, faults, turn, [fc.toStringMethod]: () => describeCase(operation, faults) };
    });

const describeCase = ({ source, operationName, variables }: Operation, faults: Faults): string =>
  [source, operationName ?? '(without a name)', JSON.stringify(variables), JSON.stringify(faults)].join('\n  ');

const answerOf = (engine: EngineUnderTest, operation: Operation, faults: Faults): Promise<Answer> =>
  engine.run(operation, faults).catch((error: unknown) => ({ rejection: describeError(error) }));

const describeError = (error: unknown): string =>
  error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error);

function report({ name }: EngineUnderTest, found: readonly string[], actual: Answer, expected: Answer): string {
  const errorsOf = ({ errors = [] }: Answer) =>
    JSON.stringify(errors.map(({ message, path, extensions }) => ({ message, path, code: extensions?.['code'] })));
  return [
    `${name} disagrees with the oracle:`,
    ...found,
    `its errors:        ${errorsOf(actual)}`,
    `the oracle's ones: ${errorsOf(expected)}`,
  ].join('\n');
}
