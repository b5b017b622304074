import { Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type { FetchNode, FetchRewrite, PlanNode, PlanSelection, QueryPlan } from '../query-plan.js';
import type { RequiredVariants } from './required-variant.js';
import type { SeparatedRequirements } from './separate-requirements.js';
import { splitFetch } from './split-fetch.js';
import { VariantRequirements } from './variant-requirements.js';

/**
 * Makes plans of a supergraph with variants (see `separateRequirements`) fit for the subgraphs, which know none: a variant is
 * fetched as the field with its arguments, under the variant's name as an alias, and renamed in the representations of the
 * fetch that requires it. A representation holds a field once, so a fetch for fields that require different variants of it
 * becomes several, side by side. They share its `id`. A plan without variants is returned as it is.
 */
export function fetchVariants({ supergraph, variants }: SeparatedRequirements): (plan: QueryPlan) => QueryPlan {
  if (variants.size === 0) return (plan) => plan;
  const anyVariant = new RegExp(`\\b(?:${[...variants.keys()].join('|')})\\b`);
  const requirements = new VariantRequirements(supergraph, variants);

  const fetches = (fetch: FetchNode): readonly FetchNode[] => {
    if (!anyVariant.test(JSON.stringify(fetch))) return [fetch];
    return splitFetch(fetch, requirements).map((part) => asSubgraphsKnow(part, variants));
  };
  const only = (fetch: FetchNode): FetchNode => fetches(fetch)[0]!; // nothing is required for fields of the root

  const nodes = (all: readonly PlanNode[]): PlanNode[] => all.map(repaired);
  function repaired(node: PlanNode): PlanNode {
    switch (node.kind) {
      case 'Fetch':
        return sideBySide(fetches(node));
      case 'Flatten':
        return node.node.kind === 'Fetch'
          ? sideBySide(fetches(node.node).map((fetch) => ({ ...node, node: fetch })))
          : { ...node, node: repaired(node.node) };
      case 'Sequence':
      case 'Parallel':
        return { ...node, nodes: nodes(node.nodes) };
      case 'Condition': {
        const { ifClause, elseClause } = node;
        return {
          ...node,
          ...(ifClause && { ifClause: repaired(ifClause) }),
          ...(elseClause && { elseClause: repaired(elseClause) }),
        };
      }
      case 'Defer':
        return {
          ...node,
          primary: withNode(node.primary),
          deferred: node.deferred.map(withNode),
        };
    }
  }
  const withNode = <T extends { readonly node?: PlanNode }>(part: T): T =>
    part.node ? { ...part, node: repaired(part.node) } : part;

  return (plan) => {
    const { node } = plan;
    if (!node || !anyVariant.test(JSON.stringify(plan))) return plan;
    if (node.kind !== 'Subscription') return { ...plan, node: repaired(node) };
    return {
      ...plan,
      node: { ...node, primary: only(node.primary), ...(node.rest && { rest: repaired(node.rest) }) },
    };
  };
}

const sideBySide = (nodes: readonly PlanNode[]): PlanNode =>
  nodes.length === 1 ? nodes[0]! : { kind: 'Parallel', nodes };

/** Asks for a variant by its field and arguments, and sends it under the field's name. */
function asSubgraphsKnow(fetch: FetchNode, variants: RequiredVariants): FetchNode {
  const document = visit(parse(fetch.operation, { noLocation: true }), {
    Field(field) {
      const variant = variants.get(field.name.value);
      if (!variant) return undefined;
      return {
        ...field,
        alias: field.alias ?? field.name,
        name: { kind: Kind.NAME, value: variant.fieldName },
        arguments: [...(field.arguments ?? []), ...variant.arguments],
      };
    },
  });
  const renames = [...renamesIn(fetch.requires ?? [], [], variants)];
  return {
    ...fetch,
    operation: stripIgnoredCharacters(print(document)),
    ...(renames.length > 0 && { inputRewrites: [...(fetch.inputRewrites ?? []), ...renames] }),
  };
}

/** The innermost first: a later rename may be of something on the way to it. */
function* renamesIn(
  selections: readonly PlanSelection[],
  above: readonly string[],
  variants: RequiredVariants,
): Iterable<FetchRewrite> {
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      const { typeCondition } = selection;
      const path = typeCondition === undefined ? above : [...above, `... on ${typeCondition}`];
      yield* renamesIn(selection.selections, path, variants);
      continue;
    }
    const path = [...above, selection.name];
    yield* renamesIn(selection.selections ?? [], path, variants);
    const variant = variants.get(selection.name);
    if (variant) yield { kind: 'KeyRenamer', path, renameKeyTo: variant.fieldName };
  }
}
