import { z } from 'zod';

const atLeastOne = (otherwise: number) =>
  z
    .number()
    .refine((value) => Number.isSafeInteger(value) && value >= 1, 'must be a whole number, 1 or more')
    .default(otherwise);

/** `protection.limits` of supergraph.yaml: how large an operation may be. Why each default is what it is: docs/protection.md. */
export const limitsKey = z
  .strictObject({
    max_tokens: atLeastOne(5_000),
    max_depth: atLeastOne(25),
    max_root_fields: atLeastOne(50),
    max_aliases: atLeastOne(100),
    max_directives: atLeastOne(100),
    max_recursion: atLeastOne(8),
    max_cost: atLeastOne(10_000),
  })
  .prefault({})
  .transform((given) => ({
    /** Of the document, as are the others but the last one. */
    tokens: given.max_tokens,
    depth: given.max_depth,
    /** Of one operation, by response name. */
    rootFields: given.max_root_fields,
    aliases: given.max_aliases,
    directives: given.max_directives,
    /** How often one field may lie on a path from the root. */
    recursion: given.max_recursion,
    /** Of one operation with its variables, before it is run. */
    cost: given.max_cost,
  }));

export type Limits = Readonly<z.output<typeof limitsKey>>;

export const DEFAULT_LIMITS: Limits = Object.freeze(limitsKey.parse({}));
