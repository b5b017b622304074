import type { RequestContext } from '@inevitable/contract';
import type { DocumentNode, FieldNode, GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { DecidePolicy } from './decide-policies.js';
import { deniedFields } from './denied-fields.js';
import { deniedPaths } from './denied-paths.js';
import { fieldRequirements } from './field-requirements.js';
import { filterDocument } from './filter-document.js';
import type { PolicyFailed } from './granted-policies.js';
import { OperationNotAuthorized } from './operation-not-authorized.js';
import { operationRequirements, type OperationRequirements } from './operation-requirements.js';
import { readRequirements } from './read-requirements.js';
import type { Requirement } from './requirement.js';
import { unmetRequirements } from './unmet-requirements.js';

export type { OperationRequirements };

const MAX_PATHS = 10;
/** An operation with n requirements can be denied in 2^n ways. Callers differ in a few. */
const CACHED_OUTCOMES = 16;

export interface AuthorizationOptions {
  /** `reject`: an operation is run whole or not at all. `filter`: denied fields are null, each with an error. */
  readonly mode: 'reject' | 'filter';
  /** Of `decidePolicies`. */
  readonly decidePolicy: DecidePolicy;
  readonly onPolicyFailed: PolicyFailed;
  /** Told of every operation that is not allowed as it is. */
  readonly onDenied?: ((context: RequestContext) => void) | undefined;
}

/** Who may run what, on one supergraph. Decided before planning, so that a denied field is never fetched. */
export interface Authorization {
  /** Null: all of the operation is open. To be kept with the document, which has to be valid on the API schema. */
  requirementsOf(document: DocumentNode, operationName: string | null): OperationRequirements | null;
  /**
   * A promise only where a policy has to be asked for; rejects only with the reason of the context's signal.
   * Whatever cannot be decided is denied.
   */
  decide(requirements: OperationRequirements, context: RequestContext): Decision | Promise<Decision>;
}

export type Decision = { readonly kind: 'allowed' } | RejectedOperation | FilteredOperation;

export interface RejectedOperation {
  readonly kind: 'rejected';
  readonly error: OperationNotAuthorized;
}

export interface FilteredOperation {
  readonly kind: 'filtered';
  /** Different for every set of denied fields of one operation; part of its plan's cache key. */
  readonly key: string;
  /** What may be fetched. The same object for the same key, while it is remembered. */
  readonly document: DocumentNode;
  /** Takes nodes of the client's own document, as does `inDocument`. */
  isDenied(field: FieldNode): boolean;
  /** The node of `document` that a field became. A denied one is not there, and is given back. */
  inDocument(field: FieldNode): FieldNode;
}

/**
 * Reads who may see what from the supergraph, for clients of `apiSchema`. Throws `UnreadableAccessControl` where it does not
 * understand it.
 */
export function loadAuthorization(
  supergraphSdl: string,
  apiSchema: GraphQLSchema,
  { mode, decidePolicy, onPolicyFailed, onDenied }: AuthorizationOptions,
): Authorization {
  const required = fieldRequirements(readRequirements(supergraphSdl), apiSchema);
  const outcomes = new WeakMap<OperationRequirements, LRUCache<string, Outcome>>();

  function outcomeOf(operation: OperationRequirements, unmet: ReadonlySet<Requirement>): Outcome {
    let known = outcomes.get(operation);
    if (!known) outcomes.set(operation, (known = new LRUCache({ max: CACHED_OUTCOMES })));
    const key = operation.requirements.map((requirement) => (unmet.has(requirement) ? '1' : '0')).join('');
    let outcome = known.get(key);
    if (!outcome) {
      const denied = deniedFields(operation, unmet);
      outcome = mode === 'filter' ? filter(operation, denied, key) : reject(operation, denied);
      known.set(key, outcome);
    }
    return outcome;
  }

  function conclude(
    operation: OperationRequirements,
    context: RequestContext,
    unmet: ReadonlySet<Requirement>,
  ): Decision {
    if (unmet.size === 0) return ALLOWED;
    onDenied?.(context);
    const outcome = outcomeOf(operation, unmet);
    if (outcome.kind === 'filtered') return outcome;
    return { kind: 'rejected', error: new OperationNotAuthorized(context.caller, outcome.paths) };
  }

  return {
    requirementsOf: (document, operationName) =>
      required.size === 0 ? null : operationRequirements(document, operationName, apiSchema, required),
    decide(operation, context) {
      const unmet = unmetRequirements(operation, context, decidePolicy, onPolicyFailed);
      return unmet instanceof Promise
        ? unmet.then((found) => conclude(operation, context, found))
        : conclude(operation, context, unmet);
    },
  };
}

const ALLOWED: Decision = { kind: 'allowed' };

/** What becomes of an operation of which something is not met, whoever the caller is. */
type Outcome = FilteredOperation | { readonly kind: 'rejected'; readonly paths: readonly string[] };

const reject = (operation: OperationRequirements, denied: ReadonlySet<FieldNode>): Outcome => ({
  kind: 'rejected',
  paths: deniedPaths(operation, denied, MAX_PATHS),
});

function filter(operation: OperationRequirements, denied: ReadonlySet<FieldNode>, key: string): Outcome {
  const filtered = filterDocument(operation, denied);
  if (!filtered) return reject(operation, denied);
  const { document, copies } = filtered;
  return {
    kind: 'filtered',
    key,
    document,
    isDenied: (field) => denied.has(field),
    inDocument: (field) => copies.get(field) ?? field,
  };
}
