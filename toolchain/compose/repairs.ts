const SAME_TYPE =
  'Give it the same type in every subgraph: change the one whose data really differs, and give what is different another name.';
const FIELD_SET =
  'Write field names of this type, separated by spaces, as in "id" or "id owner { id }"; each of them must be defined in this subgraph.';
const PLAIN_FIELD_SET = 'Take the directive out of the field set: it holds field names only.';
const NO_ARGUMENTS = 'Name a field without arguments: the gateway asks for it without being able to give any.';
const ROOT_NAME =
  'Rename one of the two: where `schema { … }` gives the root operation another type, no type may have the default name.';
const SAME_DEFAULT = 'Give it the same default value in every subgraph, or none in all of them.';
const INACCESSIBLE_USE =
  'Hide what uses it too (@inaccessible), or take @inaccessible away: what clients see must not refer to what they do not.';
const IMPORT_LINK =
  'Write the @link as `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])`, or leave it out: the kit adds one.';
const SHARED_RUNTIME_TYPES =
  'Let every subgraph that shares the field know the same members of its interface or union, or let only one subgraph resolve the field.';
const LIST_SIZE = 'Correct the @listSize: it belongs on a list, and names arguments and fields that exist.';

/**
 * What to do about what the composer says, by its code, for whoever writes the subgraph. Errors first, then hints. A code
 * the composer has and this table does not is listed with its reason in `repairs.test.ts`.
 */
const REPAIRS: Readonly<Record<string, string>> = {
  INVALID_GRAPHQL: 'Correct the schema: it has to be valid by itself before it can be joined with others.',
  DIRECTIVE_DEFINITION_INVALID:
    "Take the directive's definition out of the schema: federation defines its own directives, and import in @link brings them in.",
  TYPE_DEFINITION_INVALID: "Take this type's definition out of the schema: it is federation's own.",
  UNKNOWN_FEDERATION_LINK_VERSION:
    'Link a version of federation that the composer knows, such as https://specs.apollo.dev/federation/v2.9, or leave the @link out: the kit adds one.',
  INVALID_LINK_DIRECTIVE_USAGE: IMPORT_LINK,
  INVALID_LINK_IDENTIFIER: IMPORT_LINK,
  LINK_IMPORT_NAME_MISMATCH: 'Import the directive under one name in every subgraph.',

  KEY_FIELDS_HAS_ARGS: NO_ARGUMENTS,
  PROVIDES_FIELDS_HAS_ARGS: NO_ARGUMENTS,
  KEY_INVALID_FIELDS: FIELD_SET,
  PROVIDES_INVALID_FIELDS: `${FIELD_SET} Of @provides they are fields of the type that the field returns.`,
  REQUIRES_INVALID_FIELDS: FIELD_SET,
  KEY_INVALID_FIELDS_TYPE: 'Write the fields as a string: @key(fields: "id").',
  PROVIDES_INVALID_FIELDS_TYPE: 'Write the fields as a string: @provides(fields: "name").',
  REQUIRES_INVALID_FIELDS_TYPE: 'Write the fields as a string: @requires(fields: "size").',
  KEY_FIELDS_SELECT_INVALID_TYPE:
    'Make the key of scalars, enums and fields of objects: an interface or a union identifies nothing.',
  KEY_DIRECTIVE_IN_FIELDS_ARG: PLAIN_FIELD_SET,
  PROVIDES_DIRECTIVE_IN_FIELDS_ARG: PLAIN_FIELD_SET,
  REQUIRES_DIRECTIVE_IN_FIELDS_ARG: PLAIN_FIELD_SET,
  KEY_UNSUPPORTED_ON_INTERFACE:
    'Link federation v2.3 or newer, or put the @key on the types that implement the interface.',
  PROVIDES_UNSUPPORTED_ON_INTERFACE: 'Put @provides on the fields of the types that implement the interface.',
  REQUIRES_UNSUPPORTED_ON_INTERFACE: 'Put @requires on the fields of the types that implement the interface.',
  PROVIDES_FIELDS_MISSING_EXTERNAL:
    'Mark the provided field as @external in this subgraph, or take it out of @provides where this subgraph resolves it anyway.',
  REQUIRES_FIELDS_MISSING_EXTERNAL:
    'Mark the required field as @external in this subgraph: another one resolves it. What this subgraph resolves itself needs no @requires.',
  PROVIDES_ON_NON_OBJECT_FIELD: 'Take @provides away: only a field that returns an object has fields to provide.',

  EXTERNAL_UNUSED:
    'Take the field out of this subgraph, or use it: in a @key, a @requires or a @provides. Without a use, @external says nothing.',
  EXTERNAL_TYPE_MISMATCH: 'Give the @external field the type that it has in the subgraph that resolves it.',
  EXTERNAL_ARGUMENT_MISSING: 'Give the @external field the arguments that it has in the subgraph that resolves it.',
  EXTERNAL_ARGUMENT_TYPE_MISMATCH:
    'Give the argument of the @external field the type that it has in the subgraph that resolves it.',
  EXTERNAL_ARGUMENT_DEFAULT_MISMATCH:
    'Give the argument of the @external field the default value that it has in the subgraph that resolves it.',
  EXTERNAL_ON_INTERFACE: 'Put @external on the fields of the types that implement the interface.',
  EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE:
    'Take one of the two away: a field that another subgraph resolves can have no directive about how it is resolved here.',
  EXTERNAL_MISSING_ON_BASE:
    'Take @external away where this subgraph resolves the field, or let another subgraph define it without @external.',
  MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL:
    'Put the directive on the field in the subgraph that resolves it, and take it away from the @external one.',
  EXTENSION_WITH_NO_BASE: 'Write `type` for `extend type`: no other subgraph defines this type.',

  ROOT_QUERY_USED: ROOT_NAME,
  ROOT_MUTATION_USED: ROOT_NAME,
  ROOT_SUBSCRIPTION_USED: ROOT_NAME,
  INVALID_SUBGRAPH_NAME: 'Give the subgraph another name in supergraph.yaml.',
  NO_QUERIES: 'Give at least one subgraph a field of Query: clients would have nothing to ask for.',

  TYPE_KIND_MISMATCH:
    'Make it the same kind of type in every subgraph, or rename the one that means something else; a type of another product is extended by its @key, not copied.',
  FIELD_TYPE_MISMATCH: SAME_TYPE,
  FIELD_ARGUMENT_TYPE_MISMATCH: SAME_TYPE,
  FIELD_ARGUMENT_DEFAULT_MISMATCH: SAME_DEFAULT,
  INPUT_FIELD_DEFAULT_MISMATCH: SAME_DEFAULT,
  REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH:
    'Give the argument to the field in every subgraph that shares it, or make it optional or with a default value where it is.',
  REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH:
    'Give the input the field in every subgraph that has this input, or make the field optional: clients see only what all of them know.',
  EMPTY_MERGED_INPUT_TYPE:
    'Let the inputs of this name have a field in common, or rename one of them: clients see only the fields that all of them know.',
  ENUM_VALUE_MISMATCH:
    'Add the value to the enum in every subgraph that has it, or mark it @inaccessible: an enum that is both given and answered must be the same everywhere.',
  EMPTY_MERGED_ENUM_TYPE:
    'Let the enums of this name have a value in common, or rename one of them: as an input, clients see only the values that all of them know.',

  INVALID_FIELD_SHARING:
    'Let one subgraph resolve the field and take it out of the others. Where all of them really answer the same, mark it @shareable in every one of them.',
  INVALID_SHAREABLE_USAGE: 'Put @shareable on the fields of the types that implement the interface.',
  SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES: SHARED_RUNTIME_TYPES,
  SATISFIABILITY_ERROR:
    'Make the field reachable: give its type a @key that both subgraphs have and resolve (no `resolvable: false` where the field is), or resolve the field where the query enters.',

  INTERFACE_FIELD_NO_IMPLEM:
    'Add the field to the type that implements the interface, in any subgraph, or take it out of the interface.',
  INTERFACE_OBJECT_USAGE_ERROR:
    'Give the @interfaceObject type the @key of an interface that another subgraph defines, and define no type here that implements it.',
  INTERFACE_KEY_NOT_ON_IMPLEMENTATION:
    'Give every type that implements the interface the same @key, and resolve it there.',
  INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE:
    'Define every type that implements the interface in the subgraph that gives the interface a @key: it has to say of which type an object is.',

  OVERRIDE_FROM_SELF_ERROR: 'Name in `from` the subgraph that resolved the field until now: it is this one itself.',
  OVERRIDE_SOURCE_HAS_OVERRIDE: 'Take @override away from one of the two: they take the field from each other.',
  OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE:
    'Take @external, @provides and @requires away from the field before it is taken over, here and where it comes from.',
  OVERRIDE_ON_INTERFACE: 'Put @override on the fields of the types that implement the interface.',
  OVERRIDE_LABEL_INVALID:
    'Write the label as percent(n), with n from 0 to 100, or as a name of letters, digits and _ - : . / that begins with a letter.',

  REFERENCED_INACCESSIBLE: INACCESSIBLE_USE,
  DEFAULT_VALUE_USES_INACCESSIBLE: INACCESSIBLE_USE,
  IMPLEMENTED_BY_INACCESSIBLE: INACCESSIBLE_USE,
  REQUIRED_INACCESSIBLE:
    'Make it optional, give it a default value, or take @inaccessible away: clients would have to give what they cannot see.',
  QUERY_ROOT_TYPE_INACCESSIBLE:
    'Take @inaccessible away from the type of queries: clients would have nothing to ask for.',
  ONLY_INACCESSIBLE_CHILDREN: 'Hide the type itself (@inaccessible), or leave at least one of its members visible.',

  DIRECTIVE_COMPOSITION_ERROR:
    'Link the directive from one specification, with the same major version and under the same name in every subgraph that composes it.',
  CONTEXT_NOT_SET: 'Put @context with this name on a type that is above the field in every query.',
  CONTEXT_INVALID_SELECTION:
    'Select exactly one field behind the context, as in "$context { id }", of the type of the argument.',
  NO_CONTEXT_IN_SELECTION: 'Begin the selection with a context, as in "$context { id }".',
  CONTEXT_NO_RESOLVABLE_KEY: 'Give the type a @key without `resolvable: false`: its fields are asked for through it.',
  CONTEXT_NAME_INVALID: 'Name the context with letters and digits, beginning with a letter, without underscores.',
  CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS:
    'Mark the argument @fromContext in every subgraph, or make it optional or with a default value where it is not.',
  COST_APPLIED_TO_INTERFACE_FIELD: 'Put @cost on the fields of the types that implement the interface.',
  LIST_SIZE_APPLIED_TO_NON_LIST: LIST_SIZE,
  LIST_SIZE_INVALID_ASSUMED_SIZE: LIST_SIZE,
  LIST_SIZE_INVALID_SIZED_FIELD: LIST_SIZE,
  LIST_SIZE_INVALID_SLICING_ARGUMENT: LIST_SIZE,
  AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE:
    'Put @authenticated, @requiresScopes or @policy on the types that implement the interface and on their fields.',
  MISSING_TRANSITIVE_AUTH_REQUIREMENTS:
    'Repeat on this field what the field it takes its data from asks for: whoever may see the one could else read the other through it.',

  INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE:
    'Nothing has to be done: clients see the type that holds for all. The same type in every subgraph would be clearer.',
  INCONSISTENT_BUT_COMPATIBLE_ARGUMENT_TYPE:
    'Nothing has to be done: clients must give what all of them take. The same type in every subgraph would be clearer.',
  INCONSISTENT_DEFAULT_VALUE_PRESENCE:
    'Give the argument the same default value in every subgraph: where one has none, clients see none.',
  INCONSISTENT_ENTITY:
    'Give the type its @key in every subgraph that has it, so that each of them can be asked for it.',
  INCONSISTENT_OBJECT_VALUE_TYPE_FIELD:
    'Define the field in every subgraph that has the type, or make the type an entity with a @key: else the field is there only on some ways.',
  INCONSISTENT_INTERFACE_VALUE_TYPE_FIELD:
    'Define the field of the interface in every subgraph that has the interface.',
  INCONSISTENT_INPUT_OBJECT_FIELD:
    'Define the field of the input in every subgraph that has the input: clients see only the fields that all of them know.',
  INCONSISTENT_UNION_MEMBER:
    'Name the same members of the union in every subgraph, if each of them may answer all of them.',
  INCONSISTENT_ENUM_VALUE_FOR_INPUT_ENUM:
    'Define the value in every subgraph that has the enum: clients see only the values that all of them know.',
  INCONSISTENT_ENUM_VALUE_FOR_OUTPUT_ENUM: 'Nothing has to be done if only this subgraph answers the value.',
  INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE:
    'Define the directive in every subgraph, or in none: clients see only those that all of them know.',
  INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS: 'Define the directive with the same locations in every subgraph.',
  INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE: 'Define the directive as repeatable in every subgraph, or in none.',
  NO_EXECUTABLE_DIRECTIVE_INTERSECTION: 'Define the directive with at least one location in common.',
  INCONSISTENT_DESCRIPTION:
    'Write one description, in every subgraph that has it: clients read the one that most of them give.',
  INCONSISTENT_ARGUMENT_PRESENCE:
    'Give the argument to the field in every subgraph that shares it: clients see only the arguments that all of them take.',
  FROM_SUBGRAPH_DOES_NOT_EXIST:
    'Correct the name in `from`, or take @override away: that subgraph is not in supergraph.yaml.',
  OVERRIDDEN_FIELD_CAN_BE_REMOVED:
    'Take the field out of the subgraph that it was taken from: nobody asks it any more.',
  OVERRIDE_DIRECTIVE_CAN_BE_REMOVED: 'Take @override away: the other subgraph does not have the field any more.',
  OVERRIDE_MIGRATION_IN_PROGRESS: 'Raise the percentage until it is 100, then take the label away.',
  UNUSED_ENUM_TYPE: 'Take the enum away, or use it: nothing asks for it and nothing answers it.',
  INCONSISTENT_NON_REPEATABLE_DIRECTIVE_ARGUMENTS: 'Give the directive the same arguments in every subgraph.',
  MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS:
    'Nothing has to be done: the arguments of all subgraphs were joined. Check that the result is what you mean.',
  DIRECTIVE_COMPOSITION_INFO:
    'Take @composeDirective away where federation composes the directive anyway; link one major version of a directive in every subgraph.',
  DIRECTIVE_COMPOSITION_WARN: 'Import the directive under the same name in every subgraph.',
  INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN: SHARED_RUNTIME_TYPES,
};

/** What to do about an error or a hint of the composer, or undefined: its message has to say enough. */
export const repairOf = (code: string): string | undefined => REPAIRS[code];

export const REPAIRED_CODES: readonly string[] = Object.keys(REPAIRS);
