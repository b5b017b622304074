import type { ConstArgumentNode } from 'graphql';

/** A field with arguments that some `@requires` fixes, which the planner knows as a field of another name. */
export interface RequiredVariant {
  readonly fieldName: string;
  readonly arguments: readonly ConstArgumentNode[];
}

/** By the name that the planner knows them under. */
export type RequiredVariants = ReadonlyMap<string, RequiredVariant>;
