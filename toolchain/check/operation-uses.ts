import {
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isNonNullType,
  Kind,
  TypeInfo,
  typeFromAST,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLArgument,
  type GraphQLInputObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationTypeNode,
} from 'graphql';

/**
 * What an operation uses of a schema, as keys of one index (see `usesOf`). Built by these functions only, so that what is
 * looked up is what was written.
 */
export const use = {
  /** The type is named in it, or stands behind a field, a fragment, an argument that is given or a variable. */
  type: (type: string) => type,
  /** Its answer holds values of the type, or objects of it: behind a field or in a fragment. */
  answer: (type: string) => `>${type}`,
  /** A fragment on `condition` stands where `scope` is. */
  fragment: (scope: string, condition: string) => `${scope}>${condition}`,
  /** `__typename` is one, too: who may ask for it depends on the type. */
  field: (type: string, field: string) => `${type}.${field}`,
  given: (type: string, field: string, argument: string) => `${type}.${field}(${argument})`,
  /** Given by a variable that may be null. */
  givenNullable: (type: string, field: string, argument: string) => `${type}.${field}(${argument}?)`,
  /** The field is selected without the argument; of an object type, also through its interfaces. */
  notGiven: (type: string, field: string, argument: string) => `${type}.${field}(-${argument})`,
  /** An object of the input type is sent, as a literal or in variables. */
  input: (type: string) => `${type}{}`,
  /** In variables. */
  inputSent: (type: string) => `$${type}{}`,
  inputField: (type: string, field: string) => `${type}.${field}`,
  inputFieldSent: (type: string, field: string) => `$${type}.${field}`,
  /** An object of the input type is, or may be, sent without the field. */
  inputFieldNotGiven: (type: string, field: string) => `${type}{-${field}}`,
  /** Sent, not read. */
  enumValue: (type: string, value: string) => `${type}.${value}`,
  directive: (name: string) => `@${name}`,
  directiveAt: (name: string, location: string) => `@${name} ${location}`,
  directiveGiven: (name: string, argument: string) => `@${name}(${argument})`,
  directiveGivenNullable: (name: string, argument: string) => `@${name}(${argument}?)`,
  directiveNotGiven: (name: string, argument: string) => `@${name}(-${argument})`,
  /** `query`, `mutation` or `subscription`. */
  kind: (kind: string) => `operation ${kind}`,
} as const;

/** So many coordinates a gateway keeps of an operation's variables: where there are as many, there may be more. */
const MOST_INPUTS = 200;

const LOCATIONS: Readonly<Partial<Record<Kind, string>>> = {
  [Kind.FIELD]: 'FIELD',
  [Kind.FRAGMENT_SPREAD]: 'FRAGMENT_SPREAD',
  [Kind.INLINE_FRAGMENT]: 'INLINE_FRAGMENT',
  [Kind.FRAGMENT_DEFINITION]: 'FRAGMENT_DEFINITION',
  [Kind.VARIABLE_DEFINITION]: 'VARIABLE_DEFINITION',
};

/**
 * The keys of everything an operation uses. `inputs` are the coordinates that came in its variables; null, or as many as
 * are kept: whatever its variables can hold may come. What the schema does not know leaves no key.
 */
export function usesOf(document: DocumentNode, schema: GraphQLSchema, inputs: readonly string[] | null): Set<string> {
  const uses = new Set<string>();
  const add = (key: string): void => void uses.add(key);
  const known = inputs !== null && inputs.length < MOST_INPUTS ? inputs : null;
  const nullable = new Set<string>();
  const typeInfo = new TypeInfo(schema);

  function mention(type: GraphQLNamedType | null | undefined): void {
    if (type) add(use.type(type.name));
  }

  function addFragment(condition: GraphQLNamedType | null | undefined): void {
    if (!condition) return;
    // A fragment's own type is not its selection set's yet: this is the one it stands in.
    const scope = typeInfo.getParentType();
    mention(condition);
    add(use.answer(condition.name));
    if (scope && scope.name !== condition.name) add(use.fragment(scope.name, condition.name));
  }

  const named = (name: string | undefined) => (name === undefined ? undefined : schema.getType(name));
  const typeOfFragment = new Map<string, string>();
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION)
      typeOfFragment.set(definition.name.value, definition.typeCondition.name.value);
    else if (definition.kind === Kind.OPERATION_DEFINITION)
      for (const { variable, type } of definition.variableDefinitions ?? [])
        if (type.kind !== Kind.NON_NULL_TYPE) nullable.add(variable.name.value);

  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      OperationDefinition({ operation, directives }) {
        add(use.kind(operation));
        mention(schema.getRootType(operation as OperationTypeNode));
        for (const { name } of directives ?? []) add(use.directiveAt(name.value, operation.toUpperCase()));
      },
      VariableDefinition({ type }) {
        const declared = typeFromAST(schema, type as never) as GraphQLInputType | undefined;
        if (!declared) return;
        const inner = getNamedType(declared);
        mention(inner);
        if (known === null) addAllOf(inner, add, new Set());
        else if (isInputObjectType(inner) && isNonNullType(declared) && declared.ofType === inner) addSent(inner, add);
      },
      FragmentDefinition({ typeCondition }) {
        const type = named(typeCondition.name.value);
        mention(type);
        if (type) add(use.answer(type.name));
      },
      InlineFragment({ typeCondition }) {
        if (typeCondition) addFragment(named(typeCondition.name.value));
      },
      FragmentSpread({ name }) {
        addFragment(named(typeOfFragment.get(name.value)));
      },
      Field({ name, arguments: given }) {
        const parent = typeInfo.getParentType();
        const field = typeInfo.getFieldDef();
        if (!parent || !field) return;
        if (name.value === '__typename') add(use.field(parent.name, name.value));
        if (name.value.startsWith('__')) return;
        mention(parent);
        add(use.field(parent.name, field.name));
        const type = getNamedType(field.type);
        mention(type);
        add(use.answer(type.name));
        const names = new Set(given?.map((argument) => argument.name.value));
        addNotGiven(parent.name, field.name, field.args, names);
        // The default that counts is the one of the object's own field.
        if (isAbstractType(parent))
          for (const object of schema.getPossibleTypes(parent))
            addNotGiven(object.name, field.name, object.getFields()[field.name]?.args ?? [], names);
      },
      Argument({ name, value }) {
        const argument = typeInfo.getArgument();
        if (!argument) return;
        mention(getNamedType(argument.type));
        const maybeNull = value.kind === Kind.VARIABLE && nullable.has(value.name.value);
        const directive = typeInfo.getDirective();
        if (directive) {
          add(use.directiveGiven(directive.name, name.value));
          if (maybeNull) add(use.directiveGivenNullable(directive.name, name.value));
          return;
        }
        const parent = typeInfo.getParentType();
        const field = typeInfo.getFieldDef();
        if (!parent || !field) return;
        add(use.given(parent.name, field.name, name.value));
        if (maybeNull) add(use.givenNullable(parent.name, field.name, name.value));
      },
      Directive({ name, arguments: given }, _key, _parent, _path, ancestors) {
        const directive = typeInfo.getDirective();
        if (!directive) return;
        add(use.directive(directive.name));
        const owner = ancestors.at(-1) as { readonly kind?: Kind } | undefined;
        const location = owner?.kind && LOCATIONS[owner.kind];
        if (location) add(use.directiveAt(name.value, location));
        const names = new Set(given?.map((argument) => argument.name.value));
        for (const argument of directive.args)
          if (!names.has(argument.name)) add(use.directiveNotGiven(directive.name, argument.name));
      },
      ObjectValue({ fields }) {
        const type = typeInfo.getInputType();
        const input = type ? getNamedType(type) : null;
        if (!isInputObjectType(input)) return;
        mention(input);
        add(use.input(input.name));
        const names = new Set(fields.map(({ name }) => name.value));
        for (const { name } of Object.values(input.getFields()))
          if (!names.has(name)) add(use.inputFieldNotGiven(input.name, name));
      },
      ObjectField({ name }) {
        const parent = typeInfo.getParentInputType();
        const input = parent ? getNamedType(parent) : null;
        if (!isInputObjectType(input)) return;
        const field = input.getFields()[name.value];
        if (!field) return;
        add(use.inputField(input.name, field.name));
        mention(getNamedType(field.type));
      },
      EnumValue({ value }) {
        const type = typeInfo.getInputType();
        const named = type ? getNamedType(type) : null;
        if (!isEnumType(named) || !named.getValue(value)) return;
        mention(named);
        add(use.enumValue(named.name, value));
      },
    }),
  );
  for (const coordinate of known ?? []) addCoordinate(coordinate, schema, add);
  return uses;

  function addNotGiven(
    type: string,
    field: string,
    args: readonly GraphQLArgument[],
    given: ReadonlySet<string>,
  ): void {
    for (const { name } of args) if (!given.has(name)) add(use.notGiven(type, field, name));
  }
}

/** Whatever a variable of the type can hold. */
function addAllOf(type: GraphQLNamedType, add: (key: string) => void, seen: Set<GraphQLNamedType>): void {
  if (seen.has(type)) return;
  seen.add(type);
  add(use.type(type.name));
  if (isEnumType(type)) for (const { name } of type.getValues()) add(use.enumValue(type.name, name));
  if (!isInputObjectType(type)) return;
  addSent(type, add);
  for (const { name, type: inner } of Object.values(type.getFields())) {
    add(use.inputFieldSent(type.name, name));
    addAllOf(getNamedType(inner), add, seen);
  }
}

function addSent(type: GraphQLInputObjectType, add: (key: string) => void): void {
  add(use.type(type.name));
  add(use.input(type.name));
  add(use.inputSent(type.name));
  for (const { name } of Object.values(type.getFields())) add(use.inputFieldNotGiven(type.name, name));
}

/** One of what came in variables: `Input.field` or `Enum.VALUE`. */
function addCoordinate(coordinate: string, schema: GraphQLSchema, add: (key: string) => void): void {
  const [typeName = '', member = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  if (isEnumType(type) && type.getValue(member)) {
    add(use.type(type.name));
    add(use.enumValue(type.name, member));
  }
  if (!isInputObjectType(type)) return;
  addSent(type, add);
  const field = type.getFields()[member];
  if (!field) return;
  add(use.inputFieldSent(type.name, field.name));
  const inner = getNamedType(field.type);
  add(use.type(inner.name));
  if (isInputObjectType(inner)) addSent(inner, add);
}
