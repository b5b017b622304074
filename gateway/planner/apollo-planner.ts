import {
  errorCauses,
  operationFromDocument,
  ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
  Supergraph,
} from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import { parse, printSchema, type DocumentNode } from 'graphql';
import type { LoadedSupergraph, PlannedDocument, PlanRequest } from './planner.js';
import { decideConditions } from './decide-conditions.js';
import { flattenRoot } from './flatten-root.js';
import { expandAbstractFragments } from './repair/expand-abstract-fragments.js';
import type { QueryPlan } from './query-plan.js';
import { repairSupergraph, type SeparatedSupergraph } from './repair/repair-supergraph.js';
import { separateResponseNames } from './repair/separate-response-names.js';
import { separateVariables } from './repair/separate-variables.js';
import { unplannedFields } from './repair/unplanned-fields.js';
import { stripIntrospection } from './strip-introspection.js';

export interface ApolloPlanner {
  readonly supergraph: LoadedSupergraph;
  /**
   * Blocks until the plan is there. `__schema` and `__type` are not in the plan: no subgraph can answer them, and Apollo's
   * planner fails on them below a fragment with a condition or below another field. Nor is `__typename` at the root,
   * unless a fragment with a condition holds it. Throws what `apolloReason` can put in words.
   */
  plan(request: PlanRequest): PlannedDocument;
}

/**
 * Loads and validates a supergraph for `@apollo/query-planner` (2 ms and more for each plan, and seconds for some: only
 * threads call this). Every feature that Apollo's router supports may be used in it. Throws what `apolloReason` can put
 * in words, and not our own errors: with the packages these are built on, a thread would keep 17 MB more.
 */
export function loadApolloPlanner(sdl: string): ApolloPlanner {
  const repair = repairSupergraph(sdl);
  const supergraph = build(repair.sdl);
  const schema = supergraph.apiSchema().toGraphQLJSSchema({ includeDefer: true });
  const planOn = planningOn(supergraph);
  /** Made for the first plan that needs it: few supergraphs have any. A text: why it cannot be made. */
  let planSeparated: PlanOn | string | null = null;

  function fedPlan(asked: PlanAsked, separated: SeparatedSupergraph): QueryPlan | string {
    if (planSeparated === null) {
      try {
        planSeparated = planningOn(build(separated.sdl));
      } catch (error) {
        planSeparated = apolloReason(error);
      }
    }
    return typeof planSeparated === 'string' ? planSeparated : separated.repairPlan(planSeparated(asked));
  }

  return {
    supergraph: {
      apiSdl: printSchema(
        repair.addsFields ? build(sdl).apiSchema().toGraphQLJSSchema({ includeDefer: true }) : schema,
      ),
      overrideLabels: overrideLabelsOf(supergraph),
    },
    plan({ document, operationName, overrides, conditions }) {
      const decided = flattenRoot(decideConditions(parse(document, { noLocation: true }), conditions), schema);
      const expanded = expandAbstractFragments(decided, schema, repair.interfaceObjects);
      const variables = separateVariables(expanded);
      const separated = separateResponseNames(variables.document, schema, repair.internalFields);
      const asked = { document: stripIntrospection(separated.document), operationName, overrides };
      let plan = repair.repairPlan(planOn(asked));
      let starved = repair.starvedFields(plan);
      let whyNotFed = '';
      if (starved.length > 0 && repair.separated) {
        const fed = fedPlan(asked, repair.separated);
        if (typeof fed === 'string') whyNotFed = ` They cannot be planned apart: ${fed}`;
        else [plan, starved] = [fed, repair.starvedFields(fed)];
      }
      const unplanned = unplannedFields(separated.document, plan);
      if (unplanned.length > 0)
        throw new Error(`No subgraph answers ${unplanned.join(', ')} with what is asked of it.`);
      if (starved.length > 0)
        throw new Error(`Its plan asks for ${starved.join(', ')} without what they require.${whyNotFed}`);
      return { plan, renamed: separated.renamed, clientVariables: variables.clientNames };
    },
  };
}

interface PlanAsked extends Pick<PlanRequest, 'operationName' | 'overrides'> {
  readonly document: DocumentNode;
}
type PlanOn = (asked: PlanAsked) => QueryPlan;

function planningOn(supergraph: Supergraph): PlanOn {
  const planner = new QueryPlanner(supergraph, {
    incrementalDelivery: { enableDefer: true },
    // Fragments would make an operation shorter to send, but longer to plan and for the subgraph to validate.
    reuseQueryFragments: false,
    generateQueryFragments: false,
  });
  const apiSchema = supergraph.apiSchema();
  return ({ document, operationName, overrides }) => {
    const operation = operationFromDocument(apiSchema, document, operationName === null ? {} : { operationName });
    return planner.buildQueryPlan(operation, { overrideConditions: new Map(Object.entries(overrides)) });
  };
}

const build = (sdl: string): Supergraph =>
  Supergraph.build(sdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES });

function overrideLabelsOf({ schema }: Supergraph): readonly string[] {
  const labels = new Set<string>();
  for (const application of schema.directive('join__field')?.applications() ?? []) {
    const { overrideLabel } = application.arguments();
    if (typeof overrideLabel === 'string') labels.add(overrideLabel);
  }
  return [...labels].sort();
}

/** Apollo gathers errors in one whose message quotes the source of each; their messages are what an operator reads. */
export function apolloReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const causes = errorCauses(error) ?? [error];
  return causes.map(({ message }) => message).join(' ');
}
