import {
  getLocation,
  GraphQLError,
  Kind,
  parse,
  print,
  Source,
  type ASTNode,
  type DefinitionNode,
  type ConstDirectiveNode,
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
  /** The directives that a subgraph puts on it, printed; empty where there are none. */
  directivesOf(coordinate: string, subgraph: string): string;
}

/** Reads every subgraph once. One that cannot be parsed defines nothing. */
export function definitionPlaces(subgraphs: readonly CheckedSubgraph[]): DefinitionPlaces {
  const known = new Map<string, DefinitionPlace[]>();
  const directives = new Map<string, string>();
  for (const { name, sdl, file } of subgraphs) {
    const source = new Source(sdl, file ?? name);
    for (const [coordinate, node] of coordinatesIn(source)) {
      const key = `${name} ${coordinate}`;
      directives.set(key, [directives.get(key) ?? '', ...(node.directives ?? []).map(print)].join(' ').trim());
      const places = known.get(coordinate) ?? [];
      if (places.some(({ subgraph }) => subgraph === name)) continue; // its definition; what follows extends it
      places.push({ subgraph: name, place: file === null ? null : placeOf(node.name, source, file) });
      known.set(coordinate, places);
    }
  }
  return {
    of(coordinate, preferred = []) {
      const places = known.get(coordinate) ?? [];
      return places.find(({ subgraph }) => preferred.includes(subgraph)) ?? places[0] ?? null;
    },
    subgraphsOf: (coordinate) => (known.get(coordinate) ?? []).map(({ subgraph }) => subgraph),
    directivesOf: (coordinate, subgraph) => directives.get(`${subgraph} ${coordinate}`) ?? '',
  };
}

function placeOf(node: ASTNode, source: Source, file: string): Place {
  const { line, column } = getLocation(source, node.loc!.start);
  return { file, line, column };
}

/** What has a coordinate. */
interface Defined {
  readonly name: NameNode;
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

function coordinatesIn(source: Source): readonly (readonly [string, Defined])[] {
  try {
    return parse(source).definitions.flatMap(coordinatesOf);
  } catch (error) {
    if (error instanceof GraphQLError) return [];
    throw error;
  }
}

function coordinatesOf(definition: DefinitionNode): readonly (readonly [string, Defined])[] {
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
          [coordinate, field] as const,
          ...args.map((argument) => [`${coordinate}.${argument.name.value}`, argument] as const),
        ];
      });
      return [[type, definition], ...members];
    }
    case Kind.ENUM_TYPE_DEFINITION:
    case Kind.ENUM_TYPE_EXTENSION:
      return [
        [definition.name.value, definition],
        ...(definition.values ?? []).map((value) => [`${definition.name.value}.${value.name.value}`, value] as const),
      ];
    case Kind.UNION_TYPE_DEFINITION:
    case Kind.UNION_TYPE_EXTENSION:
    case Kind.SCALAR_TYPE_DEFINITION:
    case Kind.SCALAR_TYPE_EXTENSION:
      return [[definition.name.value, definition]];
    case Kind.DIRECTIVE_DEFINITION:
      return [
        [`@${definition.name.value}`, { name: definition.name }],
        ...(definition.arguments ?? []).map(
          (argument) => [`@${definition.name.value}.${argument.name.value}`, argument] as const,
        ),
      ];
    default:
      return [];
  }
}
