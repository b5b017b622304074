import { Kind, type DocumentNode, type FieldNode, type SelectionSetNode } from 'graphql';
import { joinGraphsIn } from '../../supergraph/join-graph.js';
import type { PlanField, PlanSelection } from '../query-plan.js';
import { fieldSetsIn } from './field-sets.js';
import type { RequiredVariants } from './required-variant.js';
import { SupergraphTypes } from './supergraph-types.js';

/** For each place of a representation that can hold one of several variants, those that are wanted there. */
export type WantedVariants = ReadonlyMap<string, ReadonlySet<string>>;

const NOTHING: WantedVariants = new Map();

/** What the fields of each subgraph require, of fields that have variants. */
export class VariantRequirements {
  readonly #variants: RequiredVariants;
  readonly #varied: ReadonlySet<string>;
  /** By subgraph, type and field. */
  readonly #wanted = new Map<string, WantedVariants>();

  constructor(supergraph: DocumentNode, variants: RequiredVariants) {
    this.#variants = variants;
    this.#varied = new Set([...variants.values()].map(({ fieldName }) => fieldName));
    const subgraphs = new Map(joinGraphsIn(supergraph).map(({ graph, name }) => [graph, name]));
    const types = new SupergraphTypes(supergraph);
    for (const { kind, graph, typeName, fieldName, selectionSet } of fieldSetsIn(types))
      if (kind === 'requires')
        this.#wanted.set(`${subgraphs.get(graph)} ${typeName}.${fieldName}`, this.of(planSelections(selectionSet)));
  }

  of(selections: readonly PlanSelection[]): WantedVariants {
    const wanted = new Map<string, Set<string>>();
    const visitAll = (all: readonly PlanSelection[], above: string): void => {
      for (const selection of all) {
        if (selection.kind === 'InlineFragment') {
          visitAll(selection.selections, above);
          continue;
        }
        const place = this.place(selection, above);
        if (this.#varied.has(this.#fieldName(selection)))
          wanted.set(place, (wanted.get(place) ?? new Set<string>()).add(selection.name));
        visitAll(selection.selections ?? [], place);
      }
    };
    visitAll(selections, '');
    return wanted;
  }

  /** Variants of one field have the same. */
  place = (selection: PlanField, above: string): string => `${above}/${this.#fieldName(selection)}`;

  by(subgraph: string, typeName: string, field: FieldNode): WantedVariants {
    return this.#wanted.get(`${subgraph} ${typeName}.${field.name.value}`) ?? NOTHING;
  }

  #fieldName = ({ name }: PlanField): string => this.#variants.get(name)?.fieldName ?? name;
}

const planSelections = ({ selections }: SelectionSetNode): PlanSelection[] =>
  selections.flatMap((selection): PlanSelection[] => {
    switch (selection.kind) {
      case Kind.FIELD: {
        const { name, selectionSet } = selection;
        const field = { kind: 'Field', name: name.value } as const;
        return [selectionSet ? { ...field, selections: planSelections(selectionSet) } : field];
      }
      case Kind.INLINE_FRAGMENT:
        return [{ kind: 'InlineFragment', selections: planSelections(selection.selectionSet) }];
      case Kind.FRAGMENT_SPREAD:
        return []; // a field set has no fragments
    }
  });
