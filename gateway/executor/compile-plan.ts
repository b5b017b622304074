import type { DocumentNode, FieldNode, GraphQLSchema } from 'graphql';
import type { EntityKeys } from '../supergraph/entity-keys.js';
import type { RequiresInput } from '../supergraph/required-inputs.js';
import type { FetchNode, QueryPlan } from '../planner/query-plan.js';
import { bareFetch } from './bare-fetch.js';
import { operationWriters, type AnswerWriters } from './answer-writers.js';
import { compileStep, type CompiledStep } from './compile-steps.js';
import {
  fragmentsIn,
  includedUnder,
  operationIn,
  type ClientOperation,
  type ConditionValues,
} from './client-operation.js';
import { compileRecognizer } from './compile-recognizer.js';
import { PassThrough } from './pass-through.js';
import { planSteps, type PlannedPart, type PlanStep } from './plan-steps.js';
import { compileDeferred, type DeferredPart } from './defer/deferred-part.js';
import { deferLabel } from './defer/expand-deferred.js';
import type { EntitiesRequest } from './entities-request.js';
import type { TypeConditions } from './type-conditions.js';

/** A plan turned into functions: made once per operation and set of condition values, run once per request. */
export interface CompiledPlan {
  readonly client: ClientOperation;
  readonly document: DocumentNode;
  readonly schema: GraphQLSchema;
  /** What the client calls a variable of the plan. */
  clientVariable(name: string): string;
  readonly steps: readonly CompiledStep[];
  /** For each step, those that wait for it. */
  readonly unblocks: readonly (readonly number[])[];
  readonly companions: readonly Companions[];
  /** Index into `companions` of each step. */
  readonly companionsOf: readonly number[];
  readonly writers: AnswerWriters;
  /** What follows the first answer; part n is at n - 1. */
  readonly deferred: readonly DeferredPart[];
  readonly parts: readonly PlannedPart[];
  /** Tells a response of the plan's one fetch that already is the answer; null where none can be. */
  readonly passThrough: PassThrough | null;
}

/** Fetches that become one request where they can: reads of entities from one subgraph. */
export interface Companions {
  readonly subgraph: string;
  readonly steps: readonly number[];
  /** By what was asked together; `requestFor` fills it. */
  readonly requests: Map<string, EntitiesRequest>;
}

export interface PlannedOperation {
  /** What the client sent, one operation of it. */
  readonly document: DocumentNode;
  readonly operationName: string | null;
  readonly plan: QueryPlan;
  /** See `PlannedDocument`. */
  readonly clientVariables: ReadonlyMap<string, string>;
  plannedName(field: FieldNode): string;
  /** Null: nothing is denied. */
  readonly isDenied: ((field: FieldNode) => boolean) | null;
  /** Of `expandDeferred`, where `document` is its; absent where nothing is deferred. */
  readonly clientLabels?: ReadonlyMap<string, string | null>;
}

/** What an operation is compiled against: of one supergraph. */
export interface CompilationTarget {
  readonly schema: GraphQLSchema;
  readonly types: TypeConditions;
  readonly keys: EntityKeys;
  readonly requiresInput: RequiresInput;
  readonly hidesTypes: boolean;
}

export function compilePlan(
  { document, operationName, plan, clientVariables, plannedName, isDenied, clientLabels }: PlannedOperation,
  conditions: ConditionValues,
  { schema, types, keys, requiresInput, hidesTypes }: CompilationTarget,
): CompiledPlan {
  const bare = (fetch: FetchNode): FetchNode | null => bareFetch(fetch, keys, requiresInput);
  const planned = planSteps(plan, conditions, bare);
  const labels = new Set(planned.parts.map(({ label }) => label));
  const client: ClientOperation = {
    operation: operationIn(document, operationName),
    fragments: fragmentsIn(document),
    plannedName,
    isDenied: isDenied ?? (() => false),
    mayDeny: isDenied !== null,
    included: includedUnder(conditions),
    isDeferred: (selection) => labels.has(deferLabel(selection) ?? ''),
    hidesTypes,
    interfaces: [...types.interfaces],
  };
  const steps = planned.steps.map((step) => compileStep(step, types, keys));
  const companions = groupCompanions(steps);
  return {
    client,
    document,
    schema,
    clientVariable: (name) => clientVariables.get(name) ?? name,
    steps,
    unblocks: steps.map(({ step }) =>
      steps.flatMap((other) => (other.step.after.includes(step.index) ? [other.step.index] : [])),
    ),
    companions,
    companionsOf: steps.map(({ step }) => companions.findIndex((group) => group.steps.includes(step.index))),
    writers: operationWriters(schema, client),
    deferred: compileDeferred(planned.parts, clientLabels ?? new Map(), schema, client),
    parts: planned.parts,
    passThrough: planned.parts.length > 0 ? null : passThroughOf(steps, schema, client),
  };
}

function passThroughOf(
  steps: readonly CompiledStep[],
  schema: GraphQLSchema,
  client: ClientOperation,
): PassThrough | null {
  const [only, more] = steps;
  if (!only || more || only.kind !== 'root' || only.rewrites.length > 0) return null;
  if (only.step.fetch.operationKind === 'subscription') return null; // events come as objects
  return new PassThrough(() => compileRecognizer(schema, client));
}

/** Fetches of different parts do not wait for each other: that would be what was not to be waited for. */
const laneOf = ({ part, fetch }: PlanStep): string => `${part}|${fetch.serviceName}`;

/**
 * A fetch that others wait for goes with those of its level. One that nobody waits for goes with the last of its subgraph:
 * the answer is not complete before that one is back, so nothing becomes later, and a request is saved.
 */
function groupCompanions(steps: readonly CompiledStep[]): Companions[] {
  const awaited = new Set(steps.flatMap(({ step }) => step.after));
  const lastLevel = new Map<string, number>();
  for (const { kind, step } of steps)
    if (kind !== 'root') lastLevel.set(laneOf(step), Math.max(step.level, lastLevel.get(laneOf(step)) ?? 0));

  const groups = new Map<string, Companions & { readonly steps: number[] }>();
  for (const { kind, step } of steps) {
    const { serviceName } = step.fetch;
    const level = awaited.has(step.index) ? step.level : lastLevel.get(laneOf(step));
    // A root fetch stands alone: in a mutation the order of fields is a promise.
    const key = kind === 'root' ? `${step.index}` : `${laneOf(step)}|${level}`;
    const group = groups.get(key);
    if (group) group.steps.push(step.index);
    else groups.set(key, { subgraph: serviceName, steps: [step.index], requests: new Map() });
  }
  return [...groups.values()];
}
