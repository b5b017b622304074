import type { Place } from '../findings/finding.js';
import type { DefinitionPlaces } from './definition-places.js';

/** Where definitions stand in the subgraphs of either side. */
export interface PlacesOfSides {
  readonly base: DefinitionPlaces;
  readonly candidate: DefinitionPlaces;
}

/**
 * In the candidate; where it is gone, what held it there, in the subgraph that had it. `preferred` are the subgraphs to
 * point at where several define it: those that defined it before, unless told.
 */
export function definedAt(
  coordinate: string | null,
  places: PlacesOfSides,
  preferred: readonly string[] = [],
): { readonly subgraph: string | null; readonly place: Place | null } {
  if (coordinate === null) return { subgraph: null, place: null };
  const owners = preferred.length > 0 ? preferred : places.base.subgraphsOf(coordinate);
  const parts = coordinate.split('.');
  for (let length = parts.length; length > 0; length--) {
    const found = places.candidate.of(parts.slice(0, length).join('.'), owners);
    if (found) return found;
  }
  return { subgraph: owners[0] ?? null, place: null };
}
