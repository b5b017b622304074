import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import fc from 'fast-check';
import { Kind, parse, print, validate, visit, type SelectionNode } from 'graphql';
import type { OpenGraph } from '../../gateway/test-support/open-graph.js';
import { PlanningFailed } from '../../gateway/planner/planner.js';
import { RequestFacts } from '../../gateway/routing/request-facts.js';
import type { RichSupergraph } from './rich-supergraph/rich-supergraph.js';
import { arbitraryOperation } from './operations/arbitrary-operation.js';
import { printOperation } from './operations/print-operation.js';
import type { Operation } from './engines/engine-under-test.js';

export interface DeferSubject {
  readonly supergraph: RichSupergraph;
  /** Over the supergraph. */
  readonly graph: OpenGraph;
  /** Called before each operation: its subgraphs know of none before it. */
  forget(): void;
  /** Told in how many payloads each operation was answered. */
  onAnswered(payloads: number): void;
}

/** Any operation comes to the same answer, whatever part of it is deferred. */
export function answersInPartsAsInOnePiece({ supergraph: { apiSchema }, graph, forget, onAnswered }: DeferSubject) {
  return fc.asyncProperty(
    arbitraryOperation(apiSchema),
    fc.array(fc.nat(100), { minLength: 1, maxLength: 20 }),
    async (tree, choices) => {
      const operation = printOperation(tree);
      const source = deferring(operation.source, choices);
      fc.pre(validate(apiSchema, parse(operation.source)).length === 0);
      fc.pre(validate(graph.snapshots.current.schema, parse(source)).length === 0);
      forget();
      const together = await answered(graph, operation, source, false).catch((error: unknown) => {
        if (error instanceof PlanningFailed) return null; // see OUR_LIMITS in known-faults.ts
        throw error;
      });
      fc.pre(together !== null);
      forget();
      const apart = await answered(graph, operation, source, true);
      onAnswered(apart.payloads);
      if (!apart.isWhole) return expect(together!.errors).not.toEqual([]);
      expect(apart.errors).toEqual(together!.errors);
      expect(apart.data).toEqual(together!.data);
    },
  );
}

/** The same operation with some of what it selects of objects deferred: the n-th selection set by the n-th number. */
function deferring(source: string, choices: readonly number[]): string {
  let count = 0;
  return print(
    visit(parse(source), {
      SelectionSet: {
        leave(set, _key, parent) {
          const choice = choices[count++ % choices.length]!;
          const { selections } = set;
          const from = choice % (selections.length + 1);
          const isRootOfMutation =
            parent !== undefined && 'kind' in parent && parent.kind === Kind.OPERATION_DEFINITION;
          if (choice % 3 === 0 || from === selections.length || isRootOfMutation) return undefined;
          const deferred: SelectionNode = {
            kind: Kind.INLINE_FRAGMENT,
            directives: [{ kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: 'defer' } }],
            selectionSet: { kind: Kind.SELECTION_SET, selections: selections.slice(from) },
          };
          return { ...set, selections: [...selections.slice(0, from), deferred] };
        },
      },
    }),
  );
}

type Tree = Record<string | number, unknown>;

/** A client may call a field `__proto__`. */
function merge(into: Tree, from: Tree): void {
  for (const [key, value] of Object.entries(from)) {
    const known = Object.hasOwn(into, key) ? into[key] : undefined;
    if (typeof known === 'object' && known !== null && typeof value === 'object' && value !== null)
      merge(known as Tree, value as Tree);
    else Object.defineProperty(into, key, { value, writable: true, enumerable: true, configurable: true });
  }
}

interface Whole {
  readonly data: unknown;
  readonly errors: readonly unknown[];
  readonly payloads: number;
  /** False: null reached the top of something deferred, and by that no further, as it does in one piece. */
  readonly isWhole: boolean;
}

/** The answer as a client puts it together. */
async function answered(
  graph: OpenGraph,
  { operationName, variables }: Operation,
  source: string,
  isDeferred: boolean,
): Promise<Whole> {
  const id = createHash('sha256')
    .update(print(parse(source)))
    .digest('hex');
  const opened = await graph.open(source, {
    operationName,
    variables,
    incremental: isDeferred ? 'deferSpec=20220824' : null,
    facts: new RequestFacts(id, null, Date.now() + 30_000, 'internal'),
  });
  if (opened.kind === 'answer') {
    const { data, errors } = opened.executed.answer;
    return { data: JSON.parse(String(data)) as unknown, errors, payloads: 1, isWhole: true };
  }
  let whole: { data: Tree; errors?: unknown[] } | null = null;
  let payloads = 0;
  let isWhole = true;
  const errors: unknown[] = [];
  for await (const { text } of opened.stream) {
    payloads++;
    const payload = JSON.parse(text) as {
      data?: Tree;
      errors?: unknown[];
      incremental?: { path: (string | number)[]; data: Tree | null; errors?: unknown[] }[];
    };
    errors.push(...(payload.errors ?? []));
    if (whole === null) whole = { data: payload.data! };
    for (const increment of payload.incremental ?? []) {
      errors.push(...(increment.errors ?? []));
      const place = increment.path.reduce<unknown>((value, key) => (value as Tree)[key], whole.data) as Tree;
      expect(place).toBeInstanceOf(Object); // a client has nowhere to put what belongs to no object
      if (increment.data !== null) merge(place, increment.data);
      else {
        isWhole = false;
        expect(increment.errors).toBeDefined(); // which say why
      }
    }
  }
  return { data: whole!.data, errors, payloads, isWhole };
}
