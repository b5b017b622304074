import type { GraphQLFormattedError } from 'graphql';
import type { Faults } from '../faults.js';

export interface Operation {
  readonly source: string;
  readonly operationName: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLFormattedError[];
  /** Why there is no answer at all. */
  readonly rejection?: string;
}

/** Whatever answers operations over the rich supergraph. Runs one at a time. */
export interface EngineUnderTest {
  readonly name: string;
  run(operation: Operation, faults: Faults): Promise<Answer>;
  close(): Promise<void>;
}
