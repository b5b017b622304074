/** Subgraphs by name; what the kit adds to a schema without @link is added. */
type Subgraphs = Readonly<Record<string, string>>;

const linked = (imports: string, rest: string, version = 'v2.9'): string =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/${version}", import: [${imports}])\n${rest}`;

const T = 'type T @key(fields: "id") { id: ID! }';

/** For each code of the composer, subgraphs that are damaged so that it says just that. */
export const DAMAGED: Readonly<Record<string, Subgraphs>> = {
  INVALID_GRAPHQL: { a: 'type Query {\n  a: Missing\n}' },
  DIRECTIVE_DEFINITION_INVALID: {
    a: 'type Query { a: Int @shareable }\ndirective @shareable(why: String) on FIELD_DEFINITION',
  },
  TYPE_DEFINITION_INVALID: { a: 'type Query { a: Int }\ntype federation__FieldSet { f: Int }' },
  UNKNOWN_FEDERATION_LINK_VERSION: { a: linked('"@key"', 'type Query { a: Int }', 'v2.99') },
  INVALID_LINK_DIRECTIVE_USAGE: { a: linked('"key"', 'type Query { a: Int }') },
  INVALID_LINK_IDENTIFIER: {
    a: linked('"@key"', 'extend schema @link(url: "https://example.test/own/version-one")\ntype Query { a: Int }'),
  },
  LINK_IMPORT_NAME_MISMATCH: {
    a: linked('"@tag"', 'type Query { a: Int @tag(name: "x") }'),
    b: linked('{ name: "@tag", as: "@label" }', 'type Query { b: Int @label(name: "x") }'),
  },

  KEY_FIELDS_HAS_ARGS: { a: 'type Query { t: T }\ntype T @key(fields: "f") { f(x: Int): ID! }' },
  PROVIDES_FIELDS_HAS_ARGS: {
    a: 'type Query { t: T @provides(fields: "f") }\ntype T @key(fields: "id") { id: ID! f(x: Int): Int @external }',
    b: 'type T @key(fields: "id") { id: ID! f(x: Int): Int @shareable }',
  },
  KEY_INVALID_FIELDS: { a: 'type Query { t: T }\ntype T @key(fields: "ident") { id: ID! }' },
  PROVIDES_INVALID_FIELDS: { a: `type Query { t: T @provides(fields: "nothing") }\n${T}` },
  REQUIRES_INVALID_FIELDS: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @requires(fields: "nothing") }',
  },
  KEY_INVALID_FIELDS_TYPE: { a: 'type Query { t: T }\ntype T @key(fields: ["id"]) { id: ID! }' },
  PROVIDES_INVALID_FIELDS_TYPE: {
    a: 'type Query { t: T @provides(fields: ["f"]) }\ntype T @key(fields: "id") { id: ID! f: Int @external }',
    b: 'type T @key(fields: "id") { id: ID! f: Int @shareable }',
  },
  REQUIRES_INVALID_FIELDS_TYPE: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! g: Int @external f: Int @requires(fields: ["g"]) }',
    b: 'type T @key(fields: "id") { id: ID! g: Int }',
  },
  KEY_FIELDS_SELECT_INVALID_TYPE: {
    a: 'type Query { t: T }\ntype T @key(fields: "i { id }") { i: I! }\ninterface I { id: ID! }\ntype U implements I { id: ID! }',
  },
  KEY_DIRECTIVE_IN_FIELDS_ARG: {
    a: 'type Query { t: T }\ntype T @key(fields: "id @include(if: true)") { id: ID! }',
  },
  PROVIDES_DIRECTIVE_IN_FIELDS_ARG: {
    a: 'type Query { t: T @provides(fields: "f @include(if: true)") }\ntype T @key(fields: "id") { id: ID! f: Int @external }',
    b: 'type T @key(fields: "id") { id: ID! f: Int @shareable }',
  },
  REQUIRES_DIRECTIVE_IN_FIELDS_ARG: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! g: Int @external f: Int @requires(fields: "g @include(if: true)") }',
    b: 'type T @key(fields: "id") { id: ID! g: Int }',
  },
  KEY_UNSUPPORTED_ON_INTERFACE: {
    a: linked(
      '"@key"',
      'type Query { i: I }\ninterface I @key(fields: "id") { id: ID! }\ntype T implements I @key(fields: "id") { id: ID! }',
      'v2.0',
    ),
  },
  PROVIDES_UNSUPPORTED_ON_INTERFACE: {
    a: 'type Query { i: I }\ninterface I { t: T @provides(fields: "f") }\ntype U implements I { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @external }',
    b: 'type T @key(fields: "id") { id: ID! f: Int @shareable }',
  },
  REQUIRES_UNSUPPORTED_ON_INTERFACE: {
    a: 'type Query { i: I }\ninterface I { g: Int f: Int @requires(fields: "g") }\ntype T implements I @key(fields: "id") { id: ID! g: Int f: Int }',
  },
  PROVIDES_FIELDS_MISSING_EXTERNAL: {
    a: 'type Query { t: T @provides(fields: "f") }\ntype T @key(fields: "id") { id: ID! f: Int }',
  },
  REQUIRES_FIELDS_MISSING_EXTERNAL: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! g: Int f: Int @requires(fields: "g") }',
  },
  PROVIDES_ON_NON_OBJECT_FIELD: { a: 'type Query { t: Int @provides(fields: "f") }' },

  EXTERNAL_UNUSED: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @external }',
    b: 'type T @key(fields: "id") { id: ID! f: Int }',
  },
  EXTERNAL_TYPE_MISMATCH: {
    a: 'type Query { t: T @provides(fields: "f") }\ntype T @key(fields: "id") { id: ID! f: String @external }',
    b: 'type T @key(fields: "id") { id: ID! f: Int @shareable }',
  },
  EXTERNAL_ARGUMENT_MISSING: {
    a: 'type Query { t: T }\ninterface I { f: Int }\ntype T implements I @key(fields: "id") { id: ID! f: Int @external }',
    b: 'type T @key(fields: "id") { id: ID! f(x: Int): Int }',
  },
  EXTERNAL_ARGUMENT_TYPE_MISMATCH: {
    a: 'type Query { t: T }\ninterface I { f(x: String): Int }\ntype T implements I @key(fields: "id") { id: ID! f(x: String): Int @external }',
    b: 'type T @key(fields: "id") { id: ID! f(x: Int): Int }',
  },
  EXTERNAL_ARGUMENT_DEFAULT_MISMATCH: {
    a: 'type Query { t: T }\ninterface I { f(x: Int): Int }\ntype T implements I @key(fields: "id") { id: ID! f(x: Int): Int @external }',
    b: 'type T @key(fields: "id") { id: ID! f(x: Int = 3): Int }',
  },
  EXTERNAL_ON_INTERFACE: { a: 'type Query { i: I }\ninterface I { f: Int @external }\ntype T implements I { f: Int }' },
  EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE: {
    a: 'type Query { t: T @provides(fields: "s { x }") }\ntype T @key(fields: "id") { id: ID! s: S @external @provides(fields: "x") }\ntype S @key(fields: "id") { id: ID! x: Int @external }',
    b: 'type T @key(fields: "id") { id: ID! s: S @shareable }\ntype S @key(fields: "id") { id: ID! x: Int @shareable }',
  },
  EXTERNAL_MISSING_ON_BASE: {
    a: 'type Query { t: T @provides(fields: "f") }\ntype T @key(fields: "id") { id: ID! f: Int @external }',
    b: T,
  },
  MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL: {
    a: 'type Query { t: T @provides(fields: "f") }\ntype T @key(fields: "id") { id: ID! f: Int @external @tag(name: "x") }',
    b: 'type T @key(fields: "id") { id: ID! f: Int @shareable }',
  },
  EXTENSION_WITH_NO_BASE: { a: 'type Query { t: T }\nextend type T @key(fields: "id") { id: ID! }' },

  ROOT_QUERY_USED: { a: 'schema { query: Root }\ntype Root { q: Query }\ntype Query { a: Int }' },
  ROOT_MUTATION_USED: {
    a: 'schema { query: Query mutation: Root }\ntype Query { m: Mutation }\ntype Root { a: Int }\ntype Mutation { a: Int }',
  },
  ROOT_SUBSCRIPTION_USED: {
    a: 'schema { query: Query subscription: Root }\ntype Query { s: Subscription }\ntype Root { a: Int }\ntype Subscription { a: Int }',
  },
  INVALID_SUBGRAPH_NAME: { _: 'type Query { a: Int }' },
  NO_QUERIES: { a: T },

  TYPE_KIND_MISMATCH: {
    a: 'type Query { a: Thing }\ntype Thing { id: ID @shareable }',
    b: 'type Query { b: Thing }\nenum Thing { ONE }',
  },
  FIELD_TYPE_MISMATCH: {
    a: 'type Query { a: Thing }\ntype Thing { id: Int @shareable }',
    b: 'type Query { b: Thing }\ntype Thing { id: String @shareable }',
  },
  FIELD_ARGUMENT_TYPE_MISMATCH: {
    a: 'type Query { f(x: Int): Int @shareable }',
    b: 'type Query { f(x: String): Int @shareable }',
  },
  FIELD_ARGUMENT_DEFAULT_MISMATCH: {
    a: 'type Query { f(x: Int = 1): Int @shareable }',
    b: 'type Query { f(x: Int = 2): Int @shareable }',
  },
  INPUT_FIELD_DEFAULT_MISMATCH: {
    a: 'type Query { a(i: I): Int }\ninput I { x: Int = 1 }',
    b: 'type Query { b(i: I): Int }\ninput I { x: Int = 2 }',
  },
  REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH: {
    a: 'type Query { f(x: Int!): Int @shareable }',
    b: 'type Query { f: Int @shareable }',
  },
  REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH: {
    a: 'type Query { a(i: I): Int }\ninput I { x: Int y: Int! }',
    b: 'type Query { b(i: I): Int }\ninput I { x: Int }',
  },
  EMPTY_MERGED_INPUT_TYPE: {
    a: 'type Query { a(i: I): Int }\ninput I { x: Int }',
    b: 'type Query { b(i: I): Int }\ninput I { y: Int }',
  },
  ENUM_VALUE_MISMATCH: {
    a: 'type Query { a(e: E): E }\nenum E { ONE TWO }',
    b: 'type Query { b: E }\nenum E { ONE }',
  },
  EMPTY_MERGED_ENUM_TYPE: {
    a: 'type Query { a(e: E): Int }\nenum E { ONE }',
    b: 'type Query { b(e: E): Int }\nenum E { TWO }',
  },

  INVALID_FIELD_SHARING: { a: 'type Query { f: Int }', b: 'type Query { f: Int }' },
  INVALID_SHAREABLE_USAGE: {
    a: 'type Query { i: I }\ninterface I { f: Int @shareable }\ntype T implements I { f: Int }',
  },
  SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES: {
    a: 'type Query { u: U @shareable }\nunion U = A\ntype A { a: Int @shareable }',
    b: 'type Query { u: U @shareable }\nunion U = B\ntype B { b: Int @shareable }',
  },
  SATISFIABILITY_ERROR: {
    a: `type Query { t: T }\n${T}`,
    b: 'type T @key(fields: "id", resolvable: false) { id: ID! f: Int }',
  },

  INTERFACE_FIELD_NO_IMPLEM: {
    a: 'type Query { i: I }\ninterface I { f: Int g: Int }\ntype T implements I @key(fields: "id") { id: ID! f: Int g: Int }',
    b: 'type Query { j: I }\ninterface I { f: Int }\ntype U implements I @key(fields: "id") { id: ID! f: Int }',
  },
  INTERFACE_OBJECT_USAGE_ERROR: {
    a: 'type Query { t: T }\ntype T @interfaceObject { id: ID! }',
  },
  INTERFACE_KEY_NOT_ON_IMPLEMENTATION: {
    a: 'type Query { i: I }\ninterface I @key(fields: "id") { id: ID! }\ntype T implements I { id: ID! }',
  },
  INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE: {
    a: 'type Query { i: I }\ninterface I @key(fields: "id") { id: ID! }\ntype T implements I @key(fields: "id") { id: ID! }',
    b: 'type Query { j: I }\ninterface I { id: ID! }\ntype U implements I @key(fields: "id") { id: ID! }',
  },

  OVERRIDE_FROM_SELF_ERROR: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @override(from: "a") }',
  },
  OVERRIDE_SOURCE_HAS_OVERRIDE: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @override(from: "b") }',
    b: 'type T @key(fields: "id") { id: ID! f: Int @override(from: "a") }',
  },
  OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! g: Int f: Int @override(from: "b") }',
    b: 'type T @key(fields: "id") { id: ID! g: Int @external f: Int @requires(fields: "g") }',
  },
  OVERRIDE_ON_INTERFACE: {
    a: 'type Query { i: I }\ninterface I { f: Int @override(from: "b") }\ntype T implements I { f: Int }',
    b: 'type Query { j: Int }',
  },
  OVERRIDE_LABEL_INVALID: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @override(from: "b", label: "half of them") }',
    b: 'type T @key(fields: "id") { id: ID! f: Int }',
  },

  REFERENCED_INACCESSIBLE: { a: 'type Query { t: T }\ntype T @inaccessible { f: Int }' },
  DEFAULT_VALUE_USES_INACCESSIBLE: {
    a: 'type Query { f(e: E = TWO): Int }\nenum E { ONE TWO @inaccessible }',
  },
  IMPLEMENTED_BY_INACCESSIBLE: {
    a: 'type Query { i: I }\ninterface I { f: Int g: Int }\ntype T implements I { f: Int @inaccessible g: Int }',
  },
  REQUIRED_INACCESSIBLE: { a: 'type Query { f(x: Int! @inaccessible): Int }' },
  QUERY_ROOT_TYPE_INACCESSIBLE: { a: 'type Query @inaccessible { f: Int }' },
  ONLY_INACCESSIBLE_CHILDREN: { a: 'type Query { t: T }\ntype T { f: Int @inaccessible }' },

  DIRECTIVE_COMPOSITION_ERROR: {
    a: linked('"@composeDirective"', 'extend schema @composeDirective(name: "@own")\ntype Query { a: Int }'),
  },
  CONTEXT_NOT_SET: {
    a: linked(
      '"@key", "@context", "@fromContext"',
      'scalar federation__ContextFieldValue\ntype Query { t: T }\ntype T @key(fields: "id") { id: ID! f(x: Int @fromContext(field: "$c { g }")): Int }',
    ),
  },
  CONTEXT_INVALID_SELECTION: {
    a: linked(
      '"@key", "@context", "@fromContext"',
      'type Query { p: P }\ntype P @key(fields: "id") @context(name: "c") { id: ID! g: Int h: Int t: T }\ntype T @key(fields: "id") { id: ID! f(x: Int @fromContext(field: "$c { g h }")): Int }',
    ),
  },
  NO_CONTEXT_IN_SELECTION: {
    a: linked(
      '"@key", "@context", "@fromContext"',
      'type Query { p: P }\ntype P @key(fields: "id") @context(name: "c") { id: ID! g: Int t: T }\ntype T @key(fields: "id") { id: ID! f(x: Int @fromContext(field: "{ g }")): Int }',
    ),
  },
  CONTEXT_NO_RESOLVABLE_KEY: {
    a: linked(
      '"@key", "@context", "@fromContext"',
      'type Query { p: P }\ntype P @key(fields: "id") @context(name: "c") { id: ID! g: Int t: T }\ntype T @key(fields: "id", resolvable: false) { id: ID! f(x: Int @fromContext(field: "$c { g }")): Int }',
    ),
  },
  CONTEXT_NAME_INVALID: {
    a: linked(
      '"@key", "@context", "@fromContext"',
      'type Query { p: P }\ntype P @key(fields: "id") @context(name: "the_context") { id: ID! }',
    ),
  },
  CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS: {
    a: linked(
      '"@key", "@context", "@fromContext", "@shareable"',
      'type Query { p: P }\ntype P @key(fields: "id") @context(name: "c") { id: ID! g: Int t: T }\ntype T @key(fields: "id") { id: ID! f(x: Int @fromContext(field: "$c { g }")): Int @shareable }',
    ),
    b: 'type T @key(fields: "id") { id: ID! f(x: Int!): Int @shareable }',
  },
  COST_APPLIED_TO_INTERFACE_FIELD: {
    a: linked(
      '"@cost"',
      'type Query { i: I }\ninterface I { f: Int @cost(weight: 3) }\ntype T implements I { f: Int }',
    ),
  },
  LIST_SIZE_APPLIED_TO_NON_LIST: { a: linked('"@listSize"', 'type Query { f: Int @listSize(assumedSize: 3) }') },
  LIST_SIZE_INVALID_ASSUMED_SIZE: { a: linked('"@listSize"', 'type Query { f: [Int] @listSize(assumedSize: -3) }') },
  LIST_SIZE_INVALID_SIZED_FIELD: {
    a: linked('"@listSize"', 'type Query { f: T @listSize(assumedSize: 3, sizedFields: ["h"]) }\ntype T { g: [Int] }'),
  },
  LIST_SIZE_INVALID_SLICING_ARGUMENT: {
    a: linked('"@listSize"', 'type Query { f: [Int] @listSize(slicingArguments: ["first"]) }'),
  },
  AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE: {
    a: 'type Query { i: I }\ninterface I @authenticated { f: Int }\ntype T implements I { f: Int }',
  },
  MISSING_TRANSITIVE_AUTH_REQUIREMENTS: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! g: Int @external f: Int @requires(fields: "g") }',
    b: 'type T @key(fields: "id") { id: ID! g: Int @authenticated }',
  },
};

/** For each code of a hint, subgraphs that compose and are odd in that way. */
export const ODD: Readonly<Record<string, Subgraphs>> = {
  INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE: {
    a: 'type Query { f: Int! @shareable }',
    b: 'type Query { f: Int @shareable }',
  },
  INCONSISTENT_BUT_COMPATIBLE_ARGUMENT_TYPE: {
    a: 'type Query { f(x: Int!): Int @shareable }',
    b: 'type Query { f(x: Int): Int @shareable }',
  },
  INCONSISTENT_DEFAULT_VALUE_PRESENCE: {
    a: 'type Query { f(x: Int = 3): Int @shareable }',
    b: 'type Query { f(x: Int): Int @shareable }',
  },
  INCONSISTENT_ENTITY: { a: `type Query { t: T }\n${T}`, b: 'type Query { s: T }\ntype T { id: ID! @shareable }' },
  INCONSISTENT_OBJECT_VALUE_TYPE_FIELD: {
    a: 'type Query { t: T @shareable }\ntype T { f: Int @shareable g: Int }',
    b: 'type Query { t: T @shareable }\ntype T { f: Int @shareable }',
  },
  INCONSISTENT_INTERFACE_VALUE_TYPE_FIELD: {
    a: 'type Query { i: I }\ninterface I { f: Int g: Int }\ntype T implements I @key(fields: "id") { id: ID! f: Int g: Int }',
    b: 'type Query { j: I }\ninterface I { f: Int }\ntype T implements I @key(fields: "id") { id: ID! f: Int @external }',
  },
  INCONSISTENT_INPUT_OBJECT_FIELD: {
    a: 'type Query { a(i: I): Int }\ninput I { x: Int y: Int }',
    b: 'type Query { b(i: I): Int }\ninput I { x: Int }',
  },
  INCONSISTENT_UNION_MEMBER: {
    a: 'type Query { a: U }\nunion U = A | B\ntype A { f: Int @shareable }\ntype B { f: Int @shareable }',
    b: 'type Query { b: U }\nunion U = A\ntype A { f: Int @shareable }',
  },
  INCONSISTENT_ENUM_VALUE_FOR_INPUT_ENUM: {
    a: 'type Query { a(e: E): Int }\nenum E { ONE TWO }',
    b: 'type Query { b(e: E): Int }\nenum E { ONE }',
  },
  INCONSISTENT_ENUM_VALUE_FOR_OUTPUT_ENUM: {
    a: 'type Query { a: E }\nenum E { ONE TWO }',
    b: 'type Query { b: E }\nenum E { ONE }',
  },
  INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE: {
    a: 'type Query { a: Int }\ndirective @own on FIELD',
    b: 'type Query { b: Int }',
  },
  INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS: {
    a: 'type Query { a: Int }\ndirective @own on FIELD | QUERY',
    b: 'type Query { b: Int }\ndirective @own on FIELD',
  },
  INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE: {
    a: 'type Query { a: Int }\ndirective @own repeatable on FIELD',
    b: 'type Query { b: Int }\ndirective @own on FIELD',
  },
  NO_EXECUTABLE_DIRECTIVE_INTERSECTION: {
    a: 'type Query { a: Int }\ndirective @own on QUERY',
    b: 'type Query { b: Int }\ndirective @own on FIELD',
  },
  INCONSISTENT_DESCRIPTION: {
    a: '"Everything."\ntype Query { a: Int }',
    b: '"All there is."\ntype Query { b: Int }',
  },
  INCONSISTENT_ARGUMENT_PRESENCE: {
    a: 'type Query { f(x: Int): Int @shareable }',
    b: 'type Query { f: Int @shareable }',
  },
  FROM_SUBGRAPH_DOES_NOT_EXIST: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @override(from: "nobody") }',
  },
  OVERRIDDEN_FIELD_CAN_BE_REMOVED: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @override(from: "b") }',
    b: 'type T @key(fields: "id") { id: ID! f: Int }',
  },
  OVERRIDE_DIRECTIVE_CAN_BE_REMOVED: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @override(from: "b") }',
    b: T,
  },
  OVERRIDE_MIGRATION_IN_PROGRESS: {
    a: 'type Query { t: T }\ntype T @key(fields: "id") { id: ID! f: Int @override(from: "b", label: "percent(50)") }',
    b: 'type T @key(fields: "id") { id: ID! f: Int }',
  },
  UNUSED_ENUM_TYPE: { a: 'type Query { a: Int }\nenum E { ONE }' },
  INCONSISTENT_NON_REPEATABLE_DIRECTIVE_ARGUMENTS: {
    a: 'type Query { t: T }\nscalar T @specifiedBy(url: "https://one.test")',
    b: 'type Query { s: T }\nscalar T @specifiedBy(url: "https://two.test")',
  },
  MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS: {
    a: 'type Query { f: Int @shareable @requiresScopes(scopes: [["one"]]) }',
    b: 'type Query { f: Int @shareable @requiresScopes(scopes: [["two"]]) }',
  },
  DIRECTIVE_COMPOSITION_INFO: {
    a: linked(
      '"@composeDirective", "@tag"',
      'extend schema @composeDirective(name: "@tag")\ntype Query { a: Int @tag(name: "x") }',
    ),
  },
  DIRECTIVE_COMPOSITION_WARN: {
    a: linked(
      '"@composeDirective"',
      'extend schema @link(url: "https://example.test/own/v1.0", import: ["@own"]) @composeDirective(name: "@own")\ndirective @own on FIELD_DEFINITION\ntype Query { a: Int @own }',
    ),
    b: linked(
      '"@key"',
      'extend schema @link(url: "https://example.test/own/v1.0", import: [{ name: "@own", as: "@mine" }])\ndirective @mine on FIELD_DEFINITION\ntype Query { b: Int @mine }',
    ),
  },
  INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN: {
    a: 'type Query { u: U @shareable }\nunion U = A | B\ntype A { f: Int @shareable }\ntype B { f: Int @shareable }',
    b: 'type Query { u: U @shareable }\nunion U = A\ntype A { f: Int @shareable }',
  },
};
