import {
  DirectiveLocation,
  doTypesOverlap,
  getNamedType,
  isCompositeType,
  isInputObjectType,
  isInputType,
  isLeafType,
  isListType,
  isNonNullType,
  isTypeSubTypeOf,
  isUnionType,
  Kind,
  OperationTypeNode,
  typeFromAST,
  TypeNameMetaFieldDef,
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLArgument,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLLeafType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type ObjectFieldNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
  type VariableDefinitionNode,
  type VariableNode,
} from 'graphql';

/**
 * True: none of graphql-js's rules (GraphQL specification, 5) finds anything wrong with this document. False says nothing:
 * what clients seldom send is left to the rules, and so is telling what is wrong. The document is as the parser gives it,
 * the schema a valid one.
 *
 * One walk without visitors: decisions/0035 has what that spares.
 */
export function isPlainlyValid(schema: GraphQLSchema, { definitions }: DocumentNode): boolean {
  const [operation] = definitions;
  return (
    definitions.length === 1 &&
    operation?.kind === Kind.OPERATION_DEFINITION &&
    new LoneOperation(schema).isValid(operation)
  );
}

/** Numbers are sections of the GraphQL specification. */
class LoneOperation {
  readonly #schema: GraphQLSchema;
  readonly #variables = new Map<string, GraphQLInputType>();
  readonly #unused = new Set<string>();

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** 5.2. Of a subscription more is asked ("Single Root Field"). */
  isValid({ operation, variableDefinitions, directives, selectionSet }: OperationDefinitionNode): boolean {
    const root = this.#schema.getRootType(operation);
    return (
      !!root &&
      operation !== OperationTypeNode.SUBSCRIPTION &&
      !directives?.length &&
      (variableDefinitions ?? []).every((definition) => this.#defines(definition)) &&
      this.#isSelectionSet(root, selectionSet, new Set()) &&
      this.#unused.size === 0 // 5.8.4
    );
  }

  /** 5.8.1, 5.8.2. */
  #defines({ variable, type, defaultValue, directives }: VariableDefinitionNode): boolean {
    const name = variable.name.value;
    const defined = typeFromAST(this.#schema, type);
    if (!isInputType(defined) || defaultValue || directives?.length || this.#variables.has(name)) return false;
    this.#variables.set(name, defined);
    this.#unused.add(name);
    return true;
  }

  /**
   * 5.3. `names` are the response names so far. As none may come twice, no two fields have to be compared (5.3.2); those of
   * an inline fragment are fields of the set that it is in.
   */
  #isSelectionSet(parent: GraphQLCompositeType, { selections }: SelectionSetNode, names: Set<string>): boolean {
    return selections.every((selection) => {
      switch (selection.kind) {
        case Kind.FIELD:
          return this.#isField(parent, selection, names);
        case Kind.INLINE_FRAGMENT:
          return this.#isInlineFragment(parent, selection, names);
        case Kind.FRAGMENT_SPREAD:
          return false;
      }
    });
  }

  /** 5.3.1, 5.3.3. */
  #isField(parent: GraphQLCompositeType, node: FieldNode, names: Set<string>): boolean {
    const responseName = (node.alias ?? node.name).value;
    const field = fieldOf(parent, node.name.value);
    if (!field || names.has(responseName)) return false;
    names.add(responseName);
    const type = getNamedType(field.type);
    return (
      this.#areInputs(field.args, node.arguments) &&
      this.#areDirectives(DirectiveLocation.FIELD, node.directives) &&
      (node.selectionSet
        ? isCompositeType(type) && this.#isSelectionSet(type, node.selectionSet, new Set())
        : isLeafType(type))
    );
  }

  /** 5.5.1.2, 5.5.1.3, 5.5.2.3. */
  #isInlineFragment(parent: GraphQLCompositeType, node: InlineFragmentNode, names: Set<string>): boolean {
    const type = node.typeCondition ? this.#schema.getType(node.typeCondition.name.value) : parent;
    return (
      isCompositeType(type) &&
      doTypesOverlap(this.#schema, parent, type) &&
      this.#areDirectives(DirectiveLocation.INLINE_FRAGMENT, node.directives) &&
      this.#isSelectionSet(type, node.selectionSet, names)
    );
  }

  /** 5.7. That some may be repeated is left to the rules. */
  #areDirectives(location: DirectiveLocation, nodes: readonly DirectiveNode[] = []): boolean {
    return nodes.every(({ name, arguments: given }, index) => {
      const directive = this.#schema.getDirective(name.value);
      return (
        !!directive?.locations.includes(location) &&
        nodes.findIndex((node) => node.name.value === name.value) === index &&
        this.#areInputs(directive.args, given)
      );
    });
  }

  /** Arguments (5.4) or fields of an input object (5.6.2 to 5.6.4): each known, none twice, none missing, right values. */
  #areInputs(inputs: readonly Input[], given: readonly (ArgumentNode | ObjectFieldNode)[] = []): boolean {
    let found = 0;
    for (const { name, type, defaultValue } of inputs) {
      const node = given.find((one) => one.name.value === name);
      if (node) {
        if (!this.#isValue(type, node.value)) return false;
        found++;
      } else if (isNonNullType(type) && defaultValue === undefined) return false;
    }
    return found === given.length; // what is unknown, or was there before, is not found
  }

  /** 5.6.1. */
  #isValue(expected: GraphQLInputType, value: ValueNode): boolean {
    if (value.kind === Kind.VARIABLE) return this.#isUsable(expected, value);
    if (value.kind === Kind.NULL) return !isNonNullType(expected);
    const type = isNonNullType(expected) ? expected.ofType : expected;
    if (isListType(type))
      return value.kind === Kind.LIST
        ? value.values.every((item) => this.#isValue(type.ofType, item))
        : this.#isValue(type.ofType, value); // one item, for a list of it
    if (isInputObjectType(type))
      return (
        !type.isOneOf && value.kind === Kind.OBJECT && this.#areInputs(Object.values(type.getFields()), value.fields)
      );
    return isLeafValue(type, value);
  }

  /** 5.8.3, 5.8.5. That a default value lets a variable be null is left to the rules. */
  #isUsable(expected: GraphQLInputType, { name }: VariableNode): boolean {
    const type = this.#variables.get(name.value);
    this.#unused.delete(name.value);
    return !!type && isTypeSubTypeOf(this.#schema, type, expected);
  }
}

/** What an argument and a field of an input object have in common. */
type Input = Pick<GraphQLArgument & GraphQLInputField, 'name' | 'type' | 'defaultValue'>;

/** Without `__schema` and `__type`: how deep they go is a rule of its own. */
function fieldOf(parent: GraphQLCompositeType, name: string): GraphQLField<unknown, unknown> | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  return isUnionType(parent) ? undefined : parent.getFields()[name];
}

/** Asks the type, as the rule does. A scalar of the schema's own may take lists and objects, but variables can be in them. */
function isLeafValue(type: GraphQLLeafType, value: ValueNode): boolean {
  if (value.kind === Kind.LIST || value.kind === Kind.OBJECT) return false;
  try {
    return type.parseLiteral(value, undefined) !== undefined;
  } catch {
    return false;
  }
}
