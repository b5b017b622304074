import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';

/** A kind of event as operators see it. */
export interface DeclaredEvent {
  readonly name: string;
  readonly product: string;
  readonly description: string | null;
}

/** Every event that these products declare, by name. */
export const declaredEvents = (
  products: readonly Pick<SubgraphDeclaration, 'name' | 'events'>[],
): readonly DeclaredEvent[] =>
  products
    .flatMap(({ name: product, events = [] }) =>
      events.map(({ name, description = null }) => ({ name, product, description })),
    )
    .sort((one, other) => (one.name < other.name ? -1 : 1));
