import { Kind, parse, type ConstDirectiveNode, type DocumentNode, type EnumValueDefinitionNode } from 'graphql';
import { argumentOf } from './join-directives.js';

/** A subgraph as the supergraph names it (join specification, `@join__graph`). */
export interface JoinGraph {
  /** The value of the enum `join__Graph` that stands for it in the SDL. */
  readonly graph: string;
  readonly name: string;
  /** As it was composed: often a URL, and the empty string where the subgraph had none. */
  readonly url: string;
}

/** The text is not a composed supergraph; the message is the rest of a sentence that begins with its file's name. */
export class NotASupergraph extends Error {}

/** The subgraphs of a supergraph, in its order. Throws `NotASupergraph`. */
export const readJoinGraphs = (sdl: string): readonly JoinGraph[] => joinGraphsIn(parsed(sdl));

/** As `readJoinGraphs`, of a parsed supergraph. */
export function joinGraphsIn({ definitions }: DocumentNode): readonly JoinGraph[] {
  const graphs = definitions.find(
    (definition) => definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph',
  );
  if (graphs?.kind !== Kind.ENUM_TYPE_DEFINITION)
    throw new NotASupergraph('is a schema without the enum join__Graph, so it was not composed of subgraphs');
  return (graphs.values ?? []).map(graphOf);
}

function parsed(sdl: string): DocumentNode {
  try {
    return parse(sdl, { noLocation: true });
  } catch (error) {
    throw new NotASupergraph(`is not a GraphQL schema (${(error as Error).message})`);
  }
}

function graphOf({ name, directives = [] }: EnumValueDefinitionNode): JoinGraph {
  const directive = directives.find((candidate) => candidate.name.value === 'join__graph');
  const subgraph = directive && textOf(directive, 'name');
  const url = directive && textOf(directive, 'url');
  if (subgraph === undefined || url === undefined)
    throw new NotASupergraph(`does not say with @join__graph(name:, url:) which subgraph ${name.value} is`);
  return { graph: name.value, name: subgraph, url };
}

function textOf(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = argumentOf(directive, name);
  return value?.kind === Kind.STRING ? value.value : undefined;
}
