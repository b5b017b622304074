/** A subgraph's schema as a team would write it: without the federation header and the shared types. */
export interface GeneratedSubgraph {
  readonly name: string;
  readonly routingUrl: string;
  readonly sdl: string;
}

export interface LargeSupergraph {
  readonly subgraphs: number;
  /** Of each subgraph's own; those of others that it extends, and the kit's shared ones, come on top. */
  readonly typesEach: number;
}

/** What is not an entity with its connection and edge: four inputs, three enums, three values, an interface. */
const OTHER_TYPES = 11;
const TYPES_OF_ENTITY = 3;
/** How many entities of other subgraphs each one adds fields to. */
const EXTENDED = 4;

/**
 * A company's worth of subgraphs, the same ones for the same numbers: entities with connections, references to entities
 * of other subgraphs, fields added to those, value types that two subgraphs share, interfaces, inputs, enums; everything
 * described. It composes.
 */
export function largeSupergraph({ subgraphs, typesEach }: LargeSupergraph): readonly GeneratedSubgraph[] {
  const entities = Math.floor((typesEach - OTHER_TYPES) / TYPES_OF_ENTITY);
  const scalars = typesEach - OTHER_TYPES - entities * TYPES_OF_ENTITY; // so that the number is exact
  return Array.from({ length: subgraphs }, (_, index) => ({
    name: `team-${index}`,
    routingUrl: `http://127.0.0.1:${10_000 + index}/graphql`,
    sdl: subgraphSdl({ index, subgraphs, entities, scalars }),
  }));
}

interface Share {
  readonly index: number;
  readonly subgraphs: number;
  readonly entities: number;
  readonly scalars: number;
}

const times = (count: number, make: (number: number) => string): string =>
  Array.from({ length: count }, (_, n) => make(n)).join('\n');

function subgraphSdl(share: Share): string {
  const { index, subgraphs, entities, scalars } = share;
  const own = `T${index}`;
  const before = `T${(index + subgraphs - 1) % subgraphs}`;
  return `
type Query {
${times(entities, (n) => `  "One ${own} thing of kind ${n}."\n  ${lower(own)}Thing${n}(id: ID!): ${own}Thing${n}\n  "Many of them."\n  ${lower(own)}Things${n}(first: Int = 20, after: String, filter: ${own}Filter0): ${own}Thing${n}Connection!`)}
}

type Mutation {
${times(3, (n) => `  "Writes a thing."\n  write${own}Thing${n}(input: ${own}Input${n}!): ${own}Thing${n}`)}
}

"What all things of team ${index} have."
interface ${own}Named {
  "Its name."
  name: String!
}

${times(entities, (n) => entitySdl(share, n))}

${times(3, (n) => `"A value that team ${index} answers alike with the next one."\ntype ${valueSdl(own, n)}`)}
${subgraphs > 1 ? times(3, (n) => `"A value that team ${index} answers alike with the next one."\ntype ${valueSdl(before, n)}`.replace(`team ${index}`, `team ${before.slice(1)}`)) : ''}

${times(3, (n) => `"The states of a thing."\nenum ${own}State${n} {\n${times(5, (value) => `  "State ${value}."\n  STATE_${value}`)}\n}`)}

${times(3, (n) => `"What is written of a thing."\ninput ${own}Input${n} {\n  "Its name."\n  name: String!\n  "Its state."\n  state: ${own}State${n}\n  "Its size."\n  size: Int = ${n}\n}`)}
"Which things."
input ${own}Filter0 {
  "Whose names contain this."
  name: String
  "In these states."
  states: [${own}State0!]
}

${times(scalars, (n) => `"A scalar of team ${index}."\nscalar ${own}Scalar${n}`)}

${subgraphs > EXTENDED ? times(EXTENDED, (n) => extensionSdl(share, n)) : ''}
`;
}

const lower = (text: string): string => text.toLowerCase();

const valueSdl = (own: string, n: number): string =>
  `${own}Value${n} @shareable {\n  "The amount."\n  amount: Float!\n  "The unit."\n  unit: String!\n}`;

function entitySdl({ index, entities }: Share, n: number): string {
  const own = `T${index}`;
  const name = `${own}Thing${n}`;
  return `"A thing of kind ${n} of team ${index}."
type ${name} implements ${own}Named @key(fields: "id") {
  "Its id."
  id: ID!
  "Its name."
  name: String!
  "Its state."
  state: ${own}State${n % 3}!
  "When it was made."
  createdAt: DateTime!
  "What it costs."
  price: Money
  "Its size."
  size: ${own}Value${n % 3}
  "The one it belongs to."
  parent: ${own}Thing${(n + 1) % entities}
  "Those that belong to it."
  children(first: Int = 20, after: String): ${own}Thing${(n + 2) % entities}Connection!
}

"A page of things of kind ${n}."
type ${name}Connection {
  "The things, with their places."
  edges: [${name}Edge!]!
  "Where the page begins and ends."
  pageInfo: PageInfo!
}

"A thing and its place."
type ${name}Edge {
  "The place."
  cursor: String!
  "The thing."
  node: ${name}!
}`;
}

/** An entity of another team, with what this one knows of it. */
function extensionSdl({ index, subgraphs, entities }: Share, n: number): string {
  const other = (index + 1 + n * Math.floor(subgraphs / EXTENDED)) % subgraphs;
  return `type T${other === index ? (index + 1) % subgraphs : other}Thing${(index + n) % entities} @key(fields: "id") {
  "Its id."
  id: ID!
  "What team ${index} knows of it."
  knownToT${index}No${n}: T${index}Thing${n % entities}
}`;
}
