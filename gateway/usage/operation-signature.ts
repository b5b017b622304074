import { createHash } from 'node:crypto';
import {
  BREAK,
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  Kind,
  print,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type ConstValueNode,
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  type NameNode,
  type OperationDefinitionNode,
  type ValueNode,
} from 'graphql';

/** What an operation is, whatever values are written into it. */
export interface OperationSignature {
  /** SHA-256 of `document`, hexadecimal. */
  readonly signature: string;
  readonly document: string;
}

/** Characters of the printed document, which has none beyond ASCII. What is longer no person wrote. */
const LONGEST_DOCUMENT = 8 * 1024;
/** Of what a client names: a name can hold a text that nobody would call one. */
const LONGEST_NAME = 100;

/**
 * One operation of a valid document with the fragments it uses, printed, with the values taken out of it, because they may
 * be personal data: a string is empty, a number 0, and of what is equal then in a list one is left. What the schema names
 * stays, and what clients name: input fields, enum values, booleans, null, aliases, variables. Within a custom scalar the
 * schema names nothing: keys are numbered there, and enum values empty strings. Descriptions are left out. The document is as
 * valid as it was; its fragments are sorted. Null: it is longer than 8 KiB, or a client's name in it than 100 characters.
 */
export function operationSignature(
  document: DocumentNode,
  definition: OperationDefinitionNode,
  schema: GraphQLSchema,
): OperationSignature | null {
  const own = separateOperations(document)[definition.name?.value ?? ''] ?? document;
  if (hasLongName(own)) return null;
  const types = new TypeInfo(schema);
  const blanked = visit(
    own,
    visitWithTypeInfo(types, {
      // On the way out: what is put in the place of a node on the way in is visited once more.
      Argument: {
        leave: (node) => {
          // Blanked out, two labels of one document would be one, and each is to be another.
          if (types.getDirective()?.name === 'defer' && node.name.value === 'label') return null;
          return { ...node, value: blank(node.value, types.getInputType()) };
        },
      },
      VariableDefinition: {
        leave: (node) =>
          node.defaultValue && {
            ...node,
            defaultValue: blank(node.defaultValue, types.getInputType()) as ConstValueNode,
          },
      },
      // Of operations, fragments and variables: free text, whatever it is about.
      StringValue: (_node, key) => (key === 'description' ? null : undefined),
    }),
  );
  const definitions = blanked.definitions.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const printed = print({ ...blanked, definitions });
  if (printed.length > LONGEST_DOCUMENT) return null;
  return { signature: createHash('sha256').update(printed).digest('hex'), document: printed };
}

/** Of its operation, fragments, variables and aliases: what the schema names is as long as it is. */
function hasLongName(document: DocumentNode): boolean {
  let isLong = false;
  const look = (name: NameNode | undefined): typeof BREAK | undefined => {
    isLong ||= name !== undefined && name.value.length > LONGEST_NAME;
    return isLong ? BREAK : undefined;
  };
  visit(document, {
    OperationDefinition: ({ name }) => look(name),
    FragmentDefinition: ({ name }) => look(name),
    VariableDefinition: ({ variable }) => look(variable.name),
    Field: ({ alias }) => look(alias),
  });
  return isLong;
}

/** The operation, then its fragments by name. */
const placeOf = (definition: DocumentNode['definitions'][number]): string =>
  definition.kind === Kind.FRAGMENT_DEFINITION ? definition.name.value : '';

const EMPTY: ValueNode = Object.freeze({ kind: Kind.STRING, value: '' });
const ZERO: ValueNode = Object.freeze({ kind: Kind.INT, value: '0' });

/** `type`: undefined within a custom scalar. */
function blank(value: ValueNode, type: GraphQLInputType | null | undefined): ValueNode {
  switch (value.kind) {
    case Kind.VARIABLE:
    case Kind.BOOLEAN:
    case Kind.NULL:
      return value;
    case Kind.STRING:
      return EMPTY;
    case Kind.INT:
    case Kind.FLOAT:
      return ZERO;
    case Kind.ENUM:
      return isEnumType(type && getNamedType(type)) ? value : EMPTY;
    case Kind.LIST: {
      const nullable = type && getNullableType(type);
      const itemType = isListType(nullable) ? nullable.ofType : undefined;
      return { ...value, values: eachOnce(value.values.map((item) => blank(item, itemType))) };
    }
    case Kind.OBJECT: {
      const named = type && getNamedType(type);
      const known = isInputObjectType(named) ? named.getFields() : null;
      const fields = value.fields.map((field, index) => ({
        ...field,
        // The keys of a custom scalar are data.
        name: known ? field.name : { ...field.name, value: `key${index + 1}` },
        value: blank(field.value, known?.[field.name.value]?.type),
      }));
      return { ...value, fields };
    }
  }
}

function eachOnce(values: readonly ValueNode[]): ValueNode[] {
  return [...new Map(values.map((value) => [print(value), value])).values()];
}
