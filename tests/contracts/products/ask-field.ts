import {
  getNamedType,
  isCompositeType,
  isObjectType,
  isRequiredArgument,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
} from 'graphql';
import { exampleOf } from './example-of.js';

/** How deep a selection goes: tenant → connection → node → another entity. */
const DEPTH = 4;

/** An operation, and what it is sent with. */
export interface Question {
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Asks a root field for all it shows, with the arguments it needs and `id` for each that is an ID. */
export function askField(root: GraphQLObjectType, field: GraphQLField<unknown, unknown>, id?: string): Question {
  const asked = field.args.filter((argument) => isRequiredArgument(argument) || (id !== undefined && isId(argument)));
  const declared = asked.map((argument) => `$${argument.name}: ${argument.type}`);
  const passed = asked.map(({ name }) => `${name}: $${name}`);
  const inBrackets = (parts: readonly string[]) => (parts.length ? `(${parts.join(', ')})` : '');
  return {
    text: `${root.name.toLowerCase()} ${inBrackets(declared)} { ${field.name}${inBrackets(passed)} ${selectionOf(getNamedType(field.type))} }`,
    variables: Object.fromEntries(asked.map(({ name, type }) => [name, exampleOf(type, id)])),
  };
}

/** Joins an entity as the gateway does, for all it shows but its id, which whoever asks knows already. */
export const askEntity = (type: GraphQLObjectType, id: string): Question => ({
  text: `query ($of: [_Any!]!) { _entities(representations: $of) { ... on ${type.name} ${selectionOf(type, ['id'])} } }`,
  variables: { of: [{ __typename: type.name, id }] },
});

export const isId = ({ type }: GraphQLArgument): boolean => getNamedType(type).name === 'ID';

/** `{ … }` with every field that can be asked without arguments; nothing for a leaf. */
function selectionOf(type: GraphQLNamedType, without: readonly string[] = [], depth = DEPTH): string {
  if (!isObjectType(type)) return isCompositeType(type) ? '{ __typename }' : '';
  const fields = Object.values(type.getFields())
    .filter(({ name, args }) => !without.includes(name) && !args.some(isRequiredArgument))
    .flatMap(({ name, type: of }) => {
      const named = getNamedType(of);
      if (!isCompositeType(named)) return [name];
      return depth > 0 ? [`${name} ${selectionOf(named, [], depth - 1)}`] : [];
    });
  return `{ __typename ${fields.join(' ')} }`;
}
