import { setImmediate } from 'node:timers/promises';
import { GraphQLError, parse, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { KnownOperation } from './known-operation.js';
import { usesOf } from './operation-uses.js';

/** So many are read before others have their turn: a file's reader, a progress line. */
const AT_ONCE = 200;
const MOST_REASONS = 3;

/** Operations by what they use of the base. */
export interface OperationIndex {
  readonly operations: readonly KnownOperation[];
  /** Those that use any of these, each once, in the order given. */
  using(keys: Iterable<string>): readonly KnownOperation[];
  /** Those that cannot be parsed. */
  readonly unreadable: readonly KnownOperation[];
  /** False: there is none, or there are others of which nothing is known. Whatever changes may be used then. */
  readonly isUsageKnown: boolean;
}

/** `areAll`: nobody sent an operation that is not among these, as far as anybody recorded. */
export async function indexOperations(
  operations: readonly KnownOperation[],
  base: GraphQLSchema,
  progress: (done: number, total: number) => void,
  areAll = true,
): Promise<OperationIndex> {
  const users = new Map<string, number[]>();
  const unreadable: KnownOperation[] = [];
  await inTurns(operations, progress, (operation, at) => {
    const document = readDocument(operation.document);
    if (!document) return void unreadable.push(operation);
    for (const key of usesOf(document, base, operation.inputs)) {
      const list = users.get(key);
      if (list) list.push(at);
      else users.set(key, [at]);
    }
  });
  return {
    operations,
    unreadable,
    isUsageKnown: areAll && operations.length > unreadable.length,
    using(keys) {
      const found = new Set<number>();
      for (const key of keys) for (const at of users.get(key) ?? []) found.add(at);
      return [...found].sort((left, right) => left - right).map((at) => operations[at]!);
    },
  };
}

/** One after the other; `progress` and whoever else waits have their turn in between. */
export async function inTurns<Item>(
  items: readonly Item[],
  progress: (done: number, total: number) => void,
  look: (item: Item, at: number) => void,
): Promise<void> {
  for (const [at, item] of items.entries()) {
    if (at % AT_ONCE === 0) {
      progress(at, items.length);
      await setImmediate();
    }
    look(item, at);
  }
}

export function readDocument(text: string): DocumentNode | null {
  try {
    return parse(text, { noLocation: true });
  } catch (error) {
    if (error instanceof GraphQLError) return null;
    throw error;
  }
}

/** Why operations are not valid on a schema; empty: it is. Each is looked at once. */
export function validity(schema: GraphQLSchema): (operation: KnownOperation) => readonly string[] {
  const known = new Map<KnownOperation, readonly string[]>();
  return (operation) => {
    const seen = known.get(operation);
    if (seen) return seen;
    const document = readDocument(operation.document);
    const reasons = document
      ? validate(schema, document, undefined, { maxErrors: MOST_REASONS })
          .slice(0, MOST_REASONS)
          .map(({ message }) => message)
      : ['It cannot be parsed.'];
    known.set(operation, reasons);
    return reasons;
  };
}
