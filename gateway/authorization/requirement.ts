/**
 * Alternatives, each a list of names that are needed together (disjunctive normal form): `[['a', 'b'], ['c']]` is
 * "a and b, or c". Hence `[]` is met by nobody and `[[]]` by everybody.
 */
export type AnyOf = readonly (readonly string[])[];

/** One application of a directive. Whoever wants to see what it stands on has to meet it. */
export type Requirement =
  | { readonly kind: 'authenticated' }
  /** Of permissions, as the caller's token carries them. */
  | { readonly kind: 'scopes'; readonly anyOf: AnyOf }
  /** Of policies, by name. */
  | { readonly kind: 'policies'; readonly anyOf: AnyOf };

/**
 * What has to be met, all of it, by schema coordinate: `User` or `User.email`. What is not there is open. Requirements that
 * say the same are one object, so that identity is equality.
 */
export type RequirementsByCoordinate = ReadonlyMap<string, readonly Requirement[]>;
