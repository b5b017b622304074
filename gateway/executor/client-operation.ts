import {
  GraphQLBoolean,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type VariableDefinitionNode,
} from 'graphql';

/** One operation as its client wrote it, with the values of its conditions: what the answer must look like. */
export interface ClientOperation {
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Under which name the plan fetches the field; mostly its response name. */
  plannedName(field: FieldNode): string;
  /** True for a field the caller may not see: it was not fetched. */
  isDenied(field: FieldNode): boolean;
  /** False: no field is denied. */
  readonly mayDeny: boolean;
  /** `@skip` and `@include`. */
  included(selection: SelectionNode): boolean;
  /** True for a fragment that is answered in a part of its own (`@defer`). */
  isDeferred(selection: SelectionNode): boolean;
  /** True when the supergraph has object types that clients cannot see (`@inaccessible`). */
  readonly hidesTypes: boolean;
  /** Names of the supergraph's interfaces; see `TypeConditions`. */
  readonly interfaces: readonly string[];
}

/** Values of the variables that decide `@skip`, `@include` and `@defer(if:)`, by name. */
export type ConditionValues = ReadonlyMap<string, boolean>;

export function includedUnder(values: ConditionValues): (selection: SelectionNode) => boolean {
  return ({ directives }) => {
    for (const { name, arguments: given } of directives ?? []) {
      const isSkip = name.value === GraphQLSkipDirective.name;
      if (!isSkip && name.value !== GraphQLIncludeDirective.name) continue;
      const condition = given?.[0]?.value;
      const holds =
        condition?.kind === Kind.VARIABLE
          ? values.get(condition.name.value) === true
          : condition?.kind === Kind.BOOLEAN && condition.value;
      if (holds === isSkip) return false;
    }
    return true;
  };
}

export function operationIn(document: DocumentNode, operationName: string | null): OperationDefinitionNode {
  for (const definition of document.definitions)
    if (
      definition.kind === Kind.OPERATION_DEFINITION &&
      (operationName === null || definition.name?.value === operationName)
    )
      return definition;
  throw new Error('The document does not hold the operation.');
}

export const fragmentsIn = (document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> =>
  new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );

/**
 * Every variable that decides a `@skip`, `@include` or `@defer`, with the operation's default for it. Their values choose which
 * compiled form of a plan runs.
 */
export function conditionVariables(
  document: DocumentNode,
  { variableDefinitions = [] }: OperationDefinitionNode,
): ConditionVariables {
  const candidates = variableDefinitions.filter(isBoolean);
  if (candidates.length === 0) return [];
  const deciding = new Set<string>();
  visit(document, {
    Directive({ name, arguments: given }) {
      if (!DECIDED.has(name.value)) return;
      const condition = given?.find((argument) => argument.name.value === 'if')?.value;
      if (condition?.kind === Kind.VARIABLE) deciding.add(condition.name.value);
    },
  });
  return candidates.flatMap(({ variable, defaultValue }) =>
    deciding.has(variable.name.value)
      ? [{ name: variable.name.value, otherwise: defaultValue?.kind === Kind.BOOLEAN && defaultValue.value }]
      : [],
  );
}

/** Only a `Boolean` or `Boolean!` may stand where one decides. */
const isBoolean = ({ type }: VariableDefinitionNode): boolean => {
  const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
  return named.kind === Kind.NAMED_TYPE && named.name.value === GraphQLBoolean.name;
};

const DECIDED = new Set([GraphQLSkipDirective.name, GraphQLIncludeDirective.name, 'defer']);

/** `otherwise`: the value where the client gives none. */
export type ConditionVariables = readonly { readonly name: string; readonly otherwise: boolean }[];

export const conditionValues = (
  variables: ConditionVariables,
  given: Readonly<Record<string, unknown>>,
): ConditionValues =>
  new Map(
    variables.map(({ name, otherwise }) => [
      name,
      Object.hasOwn(given, name) && given[name] !== undefined ? given[name] === true : otherwise,
    ]),
  );
