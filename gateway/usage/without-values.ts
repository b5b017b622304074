import {
  getNamedType,
  getNullableType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isUnionType,
  Kind,
  print,
  SchemaMetaFieldDef,
  typeFromAST,
  TypeMetaFieldDef,
  type ArgumentNode,
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
  type NameNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';

/** Of what a client names: a name can hold a text that nobody would call one. */
const LONGEST_NAME = 100;

/**
 * A valid document with the values taken out of it, and its descriptions: a string is empty, a number 0, and of what is equal
 * then in a list one is left. Null: a client's name in it is longer than 100 characters.
 */
export function withoutValues(document: DocumentNode, schema: GraphQLSchema): DocumentNode | null {
  const removal = new ValueRemoval(schema);
  const definitions = document.definitions.map((definition) => removal.definition(definition));
  return removal.metLongName ? null : { kind: Kind.DOCUMENT, definitions };
}

/** Walks down by itself: with a visitor that knows the types of all it meets, a signature took twice as long. */
class ValueRemoval {
  metLongName = false;
  readonly #schema: GraphQLSchema;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  definition(definition: DefinitionNode): DefinitionNode {
    if (definition.kind === Kind.OPERATION_DEFINITION) return this.#operation(definition);
    return definition.kind === Kind.FRAGMENT_DEFINITION ? this.#fragment(definition) : definition;
  }

  #operation({
    kind,
    operation,
    name,
    variableDefinitions = [],
    directives,
    selectionSet,
  }: OperationDefinitionNode): OperationDefinitionNode {
    this.#look(name);
    return {
      kind,
      operation,
      ...(name && { name }),
      variableDefinitions: variableDefinitions.map((one) => this.#variable(one)),
      directives: this.#directives(directives),
      selectionSet: this.#selectionSet(selectionSet, this.#schema.getRootType(operation)),
    };
  }

  #fragment({ kind, name, typeCondition, directives, selectionSet }: FragmentDefinitionNode): FragmentDefinitionNode {
    this.#look(name);
    return {
      kind,
      name,
      typeCondition,
      directives: this.#directives(directives),
      selectionSet: this.#selectionSet(selectionSet, this.#typeOf(typeCondition.name)),
    };
  }

  #variable({ kind, variable, type, defaultValue, directives }: VariableDefinitionNode): VariableDefinitionNode {
    this.#look(variable.name);
    const known = typeFromAST(this.#schema, type);
    return {
      kind,
      variable,
      type,
      ...(defaultValue && { defaultValue: withoutValue(defaultValue, isInputType(known) ? known : null) }),
      directives: this.#directives(directives),
    };
  }

  #selectionSet(set: SelectionSetNode, type: GraphQLCompositeType | null | undefined): SelectionSetNode {
    return { ...set, selections: set.selections.map((selection) => this.#selection(selection, type)) };
  }

  #selection(selection: SelectionNode, parent: GraphQLCompositeType | null | undefined): SelectionNode {
    const directives = this.#directives(selection.directives);
    switch (selection.kind) {
      case Kind.FIELD:
        return this.#field(selection, directives, parent);
      case Kind.FRAGMENT_SPREAD:
        return { ...selection, directives };
      case Kind.INLINE_FRAGMENT: {
        const type = selection.typeCondition ? this.#typeOf(selection.typeCondition.name) : parent;
        return { ...selection, directives, selectionSet: this.#selectionSet(selection.selectionSet, type) };
      }
    }
  }

  #field(
    field: FieldNode,
    directives: readonly DirectiveNode[],
    parent: GraphQLCompositeType | null | undefined,
  ): FieldNode {
    this.#look(field.alias);
    const definition = fieldOf(parent, field.name.value);
    const type = definition && getNamedType(definition.type);
    return {
      ...field,
      arguments: withoutValuesOf(field.arguments, definition?.args),
      directives,
      ...(field.selectionSet && {
        selectionSet: this.#selectionSet(field.selectionSet, isCompositeType(type) ? type : null),
      }),
    };
  }

  #directives<Node extends DirectiveNode>(directives: readonly Node[] = []): readonly Node[] {
    return directives.map((directive) => {
      const { value: name } = directive.name;
      // Blanked out, two labels of one document would be one, and each is to be another.
      const given = directive.arguments?.filter((argument) => !(name === 'defer' && argument.name.value === 'label'));
      return { ...directive, arguments: withoutValuesOf(given, this.#schema.getDirective(name)?.args) };
    });
  }

  #typeOf({ value }: NameNode): GraphQLCompositeType | null {
    const type = this.#schema.getType(value);
    return isCompositeType(type) ? type : null;
  }

  #look(name: NameNode | undefined): void {
    if (name && name.value.length > LONGEST_NAME) this.metLongName = true;
  }
}

function fieldOf(
  parent: GraphQLCompositeType | null | undefined,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return parent && !isUnionType(parent) ? parent.getFields()[name] : undefined;
}

const withoutValuesOf = (
  given: readonly ArgumentNode[] | undefined,
  known: readonly GraphQLArgument[] | undefined,
): readonly ArgumentNode[] =>
  given?.map((argument) => {
    const type = known?.find(({ name }) => name === argument.name.value)?.type;
    return { ...argument, value: withoutValue(argument.value, type) };
  }) ?? [];

const EMPTY: ValueNode = Object.freeze({ kind: Kind.STRING, value: '' });
const ZERO: ValueNode = Object.freeze({ kind: Kind.INT, value: '0' });

/** `type`: undefined within a custom scalar. */
function withoutValue<Value extends ValueNode>(value: Value, type: GraphQLInputType | null | undefined): Value;
function withoutValue(value: ValueNode, type: GraphQLInputType | null | undefined): ValueNode {
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
      return { ...value, values: eachOnce(value.values.map((item) => withoutValue(item, itemType))) };
    }
    case Kind.OBJECT: {
      const named = type && getNamedType(type);
      const known = isInputObjectType(named) ? named.getFields() : null;
      const fields = value.fields.map((field, index) => ({
        ...field,
        // The keys of a custom scalar are data.
        name: known ? field.name : { ...field.name, value: `key${index + 1}` },
        value: withoutValue(field.value, known?.[field.name.value]?.type),
      }));
      return { ...value, fields };
    }
  }
}

function eachOnce(values: readonly ValueNode[]): ValueNode[] {
  return [...new Map(values.map((value) => [print(value), value])).values()];
}
