import {
  getLocation,
  GraphQLError,
  Kind,
  parse,
  Source,
  type ASTNode,
  type DefinitionNode,
  type NameNode,
} from 'graphql';
import type { Place } from '../findings/finding.js';

/** A subgraph's schema as its team wrote it. */
export interface CheckedSubgraph {
  readonly name: string;
  readonly sdl: string;
  /** Where it lies, as it is to be told; null: nowhere (it was published). */
  readonly file: string | null;
}

/** Where something is defined. */
export interface DefinitionPlace {
  readonly subgraph: string;
  readonly place: Place | null;
}

/** Finds schema coordinates (`Type`, `Type.member`, `Type.field.argument`, `@directive`) in subgraphs' files. */
export interface DefinitionPlaces {
  /** The first subgraph that defines it, of those that are preferred where there are some. Null: none does. */
  of(coordinate: string, preferred?: readonly string[]): DefinitionPlace | null;
  /** Every subgraph that defines it, in the order given. */
  subgraphsOf(coordinate: string): readonly string[];
}

/** Reads every subgraph once. One that cannot be parsed defines nothing. */
export function definitionPlaces(subgraphs: readonly CheckedSubgraph[]): DefinitionPlaces {
  const known = new Map<string, DefinitionPlace[]>();
  for (const { name, sdl, file } of subgraphs) {
    const source = new Source(sdl, file ?? name);
    for (const [coordinate, node] of coordinatesIn(source)) {
      const places = known.get(coordinate) ?? [];
      if (places.some(({ subgraph }) => subgraph === name)) continue; // its definition; what follows extends it
      places.push({ subgraph: name, place: file === null ? null : placeOf(node, source, file) });
      known.set(coordinate, places);
    }
  }
  return {
    of(coordinate, preferred = []) {
      const places = known.get(coordinate) ?? [];
      return places.find(({ subgraph }) => preferred.includes(subgraph)) ?? places[0] ?? null;
    },
    subgraphsOf: (coordinate) => (known.get(coordinate) ?? []).map(({ subgraph }) => subgraph),
  };
}

function placeOf(node: ASTNode, source: Source, file: string): Place {
  const { line, column } = getLocation(source, node.loc!.start);
  return { file, line, column };
}

function coordinatesIn(source: Source): readonly (readonly [string, NameNode])[] {
  try {
    return parse(source).definitions.flatMap(coordinatesOf);
  } catch (error) {
    if (error instanceof GraphQLError) return [];
    throw error;
  }
}

function coordinatesOf(definition: DefinitionNode): readonly (readonly [string, NameNode])[] {
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.OBJECT_TYPE_EXTENSION:
    case Kind.INTERFACE_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_EXTENSION:
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
    case Kind.INPUT_OBJECT_TYPE_EXTENSION: {
      const type = definition.name.value;
      const members = (definition.fields ?? []).flatMap((field) => {
        const coordinate = `${type}.${field.name.value}`;
        const args = field.kind === Kind.FIELD_DEFINITION ? (field.arguments ?? []) : [];
        return [
          [coordinate, field.name] as const,
          ...args.map(({ name }) => [`${coordinate}.${name.value}`, name] as const),
        ];
      });
      return [[type, definition.name], ...members];
    }
    case Kind.ENUM_TYPE_DEFINITION:
    case Kind.ENUM_TYPE_EXTENSION:
      return [
        [definition.name.value, definition.name],
        ...(definition.values ?? []).map(({ name }) => [`${definition.name.value}.${name.value}`, name] as const),
      ];
    case Kind.UNION_TYPE_DEFINITION:
    case Kind.UNION_TYPE_EXTENSION:
    case Kind.SCALAR_TYPE_DEFINITION:
    case Kind.SCALAR_TYPE_EXTENSION:
      return [[definition.name.value, definition.name]];
    case Kind.DIRECTIVE_DEFINITION:
      return [
        [`@${definition.name.value}`, definition.name],
        ...(definition.arguments ?? []).map(({ name }) => [`@${definition.name.value}.${name.value}`, name] as const),
      ];
    default:
      return [];
  }
}
