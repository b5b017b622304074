import { ready, type RequestContext, type SubgraphHandle } from '@inevitable/contract';
import {
  buildASTSchema,
  execute,
  isInterfaceType,
  isObjectType,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';

/** The header of every subgraph here: all of Federation 2 by its short names. */
export const FEDERATION = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@provides",
    "@external", "@tag", "@shareable", "@inaccessible", "@override", "@interfaceObject", "@context", "@fromContext",
    "@authenticated", "@requiresScopes", "@policy"])
`;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what the schema beside a resolver says, TypeScript need not repeat
type AsInSchema = any;
/** An object of the data. `__typename` only where a place can hold several types. */
export type Entity = Readonly<Record<string, AsInSchema>>;
export type Args = Readonly<Record<string, AsInSchema>>;

/** By type, then by field. A field that is not named is the property of its name. */
export type Resolvers = Readonly<Record<string, Readonly<Record<string, (parent: Entity, args: Args) => unknown>>>>;

export type Representation = Entity & { readonly __typename: string };

export interface SubgraphDefinition {
  readonly name: string;
  /** Without `FEDERATION`, `_entities` and `_service`. */
  readonly sdl: string;
  readonly resolvers?: Resolvers;
  /** Answers one representation; null: there is no such entity. Of the representation's type unless it says otherwise. */
  readonly entity?: (representation: Representation, context: RequestContext) => unknown;
  /** Answers a field, instead of `resolvers`. */
  readonly resolve?: (schema: GraphQLSchema) => (field: FieldAsked, context: RequestContext) => unknown;
}

export interface FieldAsked {
  readonly type: string;
  readonly field: string;
  readonly parent: Entity;
  readonly args: Args;
}

/** A federation subgraph on graphql-js in this process. It refuses what its schema does not allow, as a real one does. */
export function graphqlSubgraph(definition: SubgraphDefinition): SubgraphHandle {
  const schema = schemaWithEntities(definition.sdl);
  const resolve = definition.resolve?.(schema) ?? byTable(definition.resolvers ?? {});
  const read = rememberingDocuments(schema);
  return {
    name: definition.name,
    async execute({ query, variables, operationName }, context) {
      const { document, errors } = read(query);
      if (errors.length > 0) return { errors };
      return execute({
        schema,
        document,
        contextValue: context,
        variableValues: variables,
        operationName,
        fieldResolver: (parent: Entity = {}, args: Args, _context, { parentType: { name: type }, fieldName: field }) =>
          type === 'Query' && field === '_entities'
            ? args.representations.map((one: Representation) => entityFor(one, definition, context))
            : resolve({ type, field, parent, args }, context),
        typeResolver: (value: Entity) => value.__typename,
      });
    },
    fetch: async () => new Response(null, { status: 404 }),
    health: async () => ready(definition.name),
  };
}

/** One entity that fails is an error in its place, and the others are answered. */
function entityFor(representation: Representation, { entity }: SubgraphDefinition, context: RequestContext): unknown {
  try {
    const found = entity!(representation, context) as Entity | null;
    return found && found.__typename === undefined ? { ...found, __typename: representation.__typename } : found;
  } catch (error) {
    return error;
  }
}

const byTable =
  (resolvers: Resolvers) =>
  ({ type, field, parent, args }: FieldAsked): unknown => {
    const resolve = resolvers[type]?.[field];
    return resolve ? resolve(parent, args) : parent[field];
  };

/** The subgraph's own schema with federation's entry for entities, as its server would have it. */
function schemaWithEntities(sdl: string): GraphQLSchema {
  const document = parse(FEDERATION + sdl);
  const schema = buildASTSchema(document, { assumeValidSDL: true });
  const keyed = Object.values(schema.getTypeMap()).filter((type) =>
    [type.astNode, ...type.extensionASTNodes].some((node) =>
      node?.directives?.some(({ name }) => name.value === 'key'),
    ),
  );
  const members = new Set(
    keyed.flatMap((type) =>
      isInterfaceType(type)
        ? schema.getPossibleTypes(type).map(({ name }) => name)
        : isObjectType(type)
          ? [type.name]
          : [],
    ),
  );
  const query = schema.getQueryType() ? 'extend type Query' : 'type Query';
  const entities =
    members.size > 0
      ? `scalar _Any union _Entity = ${[...members].join(' | ')} ${query} { _entities(representations: [_Any!]!): [_Entity]! }`
      : '';
  return buildASTSchema(parse(FEDERATION + sdl + entities), { assumeValidSDL: true });
}

const MOST_DOCUMENTS = 500;

/** Parsing and validating dominate small subgraphs, and a plan sends the same text again and again. */
function rememberingDocuments(schema: GraphQLSchema) {
  const known = new Map<string, { document: DocumentNode; errors: ReturnType<typeof validate> }>();
  return (query: string) => {
    let read = known.get(query);
    if (!read) {
      const document = parse(query);
      read = { document, errors: validate(schema, document) };
      if (known.size >= MOST_DOCUMENTS) known.clear();
      known.set(query, read);
    }
    return read;
  };
}
