import { Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import { replaceFetches } from '../plan-fetches.js';
import type { FetchNode, FetchRewrite, PlanSelection, QueryPlan } from '../query-plan.js';
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
  return (plan) => (anyVariant.test(JSON.stringify(plan)) ? replaceFetches(plan, fetches) : plan);
}

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
