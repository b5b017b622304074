/** The arguments of a mutation: one input, from outside. */
export interface WithInput {
  readonly input: unknown;
}
