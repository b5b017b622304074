import type { SubgraphSchema } from '@inevitable/contract';
import { BadUserInput } from '@inevitable/kit';
import { parse, type ConstDirectiveNode, type DocumentNode, type EnumValueDefinitionNode } from 'graphql';

/** What a terminal or a log would not show as it is: control characters, marks that turn the direction, white space. */
const UNSEEN = /[\p{Cc}\p{Cf}\s]/u;

/** GraphQL, or `BadUserInput` that says in `field` why it is none. `maxTokens`: none unless told. */
export function documentOf(text: string, field: string, maxTokens?: number): DocumentNode {
  try {
    return parse(text, { noLocation: true, ...(maxTokens !== undefined && { maxTokens }) });
  } catch (error) {
    throw new BadUserInput(`That is not GraphQL: ${(error as Error).message}`, field);
  }
}

/**
 * What a gateway obeys is the supergraph; what people read, compare and are warned of are `subgraphs`. So both must name the
 * same subgraphs, each once, at the same URLs. Throws `BadUserInput` that names the field below `root`.
 */
export function requireAgreement(
  supergraph: DocumentNode,
  subgraphs: readonly Omit<SubgraphSchema, 'sdl'>[],
  root: string,
): void {
  const reached = joinGraphOf(supergraph, `${root}.supergraph`);
  for (const [at, { name, routingUrl }] of subgraphs.entries()) {
    const inSupergraph = reached.get(name);
    if (inSupergraph === undefined || !reached.delete(name)) throw notTheSame(root);
    const field = `${root}.subgraphs.${at}.routingUrl`;
    if (inSupergraph !== routingUrl)
      throw new BadUserInput(`"${name}" is at another URL here than in the supergraph's @join__graph.`, field);
    if (!isRoutingUrl(routingUrl))
      throw new BadUserInput('must be an http or https URL, without a user name or a password', field);
    if (UNSEEN.test(name))
      throw new BadUserInput('must have no characters that cannot be seen', `${root}.subgraphs.${at}.name`);
  }
  if (reached.size) throw notTheSame(root);
}

const notTheSame = (root: string): BadUserInput =>
  new BadUserInput('These are not the subgraphs that the supergraph names.', `${root}.subgraphs`);

function isRoutingUrl(text: string): boolean {
  if (UNSEEN.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

/**
 * Where each subgraph is, by the name that `join__Graph` gives it (join specification v0.3). Only what every reader
 * understands alike is taken: one such enum, not extended, each value with one `@join__graph(name:, url:)`, each name once.
 */
function joinGraphOf({ definitions }: DocumentNode, field: string): Map<string, string> {
  const enums = definitions.filter(
    (definition) =>
      (definition.kind === 'EnumTypeDefinition' || definition.kind === 'EnumTypeExtension') &&
      definition.name.value === 'join__Graph',
  );
  const [only] = enums;
  if (enums.length > 1) throw new BadUserInput('It has more than one enum join__Graph.', field);
  const values = only?.kind === 'EnumTypeDefinition' ? (only.values ?? []) : [];
  if (!values.length)
    throw new BadUserInput('That is no supergraph: it has no enum join__Graph with subgraphs.', field);
  const reached = new Map(values.map((value) => placeOf(value, field)));
  if (reached.size < values.length) throw new BadUserInput('Its join__Graph names a subgraph twice.', field);
  return reached;
}

function placeOf({ name: value, directives = [] }: EnumValueDefinitionNode, field: string): readonly [string, string] {
  const [given, ...more] = directives.filter(({ name }) => name.value === 'join__graph');
  const [name, url] = given && !more.length ? ['name', 'url'].map((of) => textOf(given, of)) : [];
  if (name === undefined || url === undefined)
    throw new BadUserInput(
      `It does not say with one @join__graph(name:, url:) which subgraph ${value.value} is.`,
      field,
    );
  return [name, url];
}

/** An argument that is given once, as a string. */
function textOf({ arguments: given = [] }: ConstDirectiveNode, argument: string): string | undefined {
  const [found, ...more] = given.filter(({ name }) => name.value === argument);
  return found?.value.kind === 'StringValue' && !more.length ? found.value.value : undefined;
}
