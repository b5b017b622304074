import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInputType,
  typeFromAST,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';

/** Tells each schema coordinate that came in the variables of one request: `CreateNoteInput.text`, `NoteOrder.NEWEST`. */
export type ReadInputs = (variables: Readonly<Record<string, unknown>>, tell: (coordinate: string) => void) => void;

type ReadValue = (value: unknown, tell: (coordinate: string) => void) => void;

/**
 * Compiles the reader of one operation's variables. They have been found to fit its types. Null: none of its variables has
 * an input object or an enum in it, so that there is never anything to tell.
 */
export function compileInputCoordinates(
  { variableDefinitions = [] }: OperationDefinitionNode,
  schema: GraphQLSchema,
): ReadInputs | null {
  const compiled = new Map<GraphQLNamedInputType, ReadValue | null>();
  const readers = variableDefinitions.flatMap(({ variable, type: written }) => {
    const type = typeFromAST(schema, written);
    const read = isInputType(type) ? readerOf(type, compiled) : null;
    return read ? [{ name: variable.name.value, read }] : [];
  });
  if (!readers.length) return null;
  return (variables, tell) => {
    // All of it, however much there is: checking the variables has walked the same way, and cost more.
    for (const { name, read } of readers) if (Object.hasOwn(variables, name)) read(variables[name], tell);
  };
}

/** Null: a scalar. Names that are told are the schema's own, whatever a client sent. */
function readerOf(type: GraphQLInputType, compiled: Map<GraphQLNamedInputType, ReadValue | null>): ReadValue | null {
  const named = getNamedType(type);
  const known = compiled.get(named);
  if (known !== undefined) return known;

  let read: ReadValue | null = null;
  if (isEnumType(named)) {
    const coordinates = new Map<unknown, string>(named.getValues().map(({ name }) => [name, `${named.name}.${name}`]));
    read = (value, tell) => {
      const coordinate = coordinates.get(value);
      if (coordinate !== undefined) tell(coordinate);
    };
  } else if (isInputObjectType(named)) {
    const fields = new Map<string, { readonly coordinate: string; readonly read: ReadValue | null }>();
    read = (value, tell) => {
      if (typeof value !== 'object' || value === null) return;
      for (const [name, given] of Object.entries(value)) {
        const field = fields.get(name);
        if (!field || given === undefined) continue;
        tell(field.coordinate);
        field.read?.(given, tell);
      }
    };
    compiled.set(named, eachOf(read)); // before its fields: it may hold itself
    for (const field of Object.values(named.getFields()))
      fields.set(field.name, { coordinate: `${named.name}.${field.name}`, read: readerOf(field.type, compiled) });
  }
  const each = read && (compiled.get(named) ?? eachOf(read));
  compiled.set(named, each);
  return each;
}

/** A list of them, lists of lists, or one in the place of a list. */
function eachOf(read: ReadValue): ReadValue {
  const each: ReadValue = (value, tell) => {
    if (Array.isArray(value)) for (const item of value) each(item, tell);
    else read(value, tell);
  };
  return each;
}
