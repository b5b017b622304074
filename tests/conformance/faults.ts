import { GraphQLError } from 'graphql';

/**
 * What goes wrong with one field: it answers null, or throws. Thrown with a code it is for the client; without one it
 * is a crash, which every engine must mask as `INTERNAL`.
 */
export type FaultKind = 'null' | 'refusal' | 'crash';

export interface Fault {
  readonly field: string;
  /** `*`: of every entity that has the field. */
  readonly entity: string;
  readonly kind: FaultKind;
}

/** Pure in (field, entity): every engine, in whatever order and however often it asks, meets the same faults. */
export type Faults = readonly Fault[];

export const REFUSED = 'REFUSED_BY_TEST';

/** Throws, or returns null, or undefined when nothing is wrong. What is no entity (`null`) has no faults. */
export function suffer(faults: Faults, field: string, entity: string | null): null | undefined {
  if (entity === null) return undefined;
  const fault = faults.find((one) => one.field === field && (one.entity === '*' || one.entity === entity));
  switch (fault?.kind) {
    case undefined:
      return undefined;
    case 'null':
      return null;
    case 'refusal':
      throw new GraphQLError(`"${field}" of ${entity} is refused.`, { extensions: { code: REFUSED } });
    case 'crash':
      throw new Error(`"${field}" of ${entity} crashed at 10.0.0.3:5432.`);
  }
}
