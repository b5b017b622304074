import { createHash } from 'node:crypto';
import {
  Kind,
  print,
  separateOperations,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { withoutValues } from './without-values.js';

/** What an operation is, whatever values are written into it. */
export interface OperationSignature {
  /** SHA-256 of `document`, hexadecimal. */
  readonly signature: string;
  readonly document: string;
}

/** Characters of the printed document, which has none beyond ASCII. What is longer no person wrote. */
const LONGEST_DOCUMENT = 8 * 1024;

/**
 * One operation of a valid document with the fragments it uses, printed, with the values taken out of it, because they may
 * be personal data: a string is empty, a number 0, and of what is equal then in a list one is left. What the schema names
 * stays, and what clients name: input fields, enum values, booleans, null, aliases, variables. Within a custom scalar the
 * schema names nothing: keys are numbered there, and enum values empty strings. Descriptions are left out. The document is as
 * valid as it was; its fragments are sorted. Null: it is longer than 8 KiB, or a client's name in it than 100 characters.
 */
export function operationSignature(
  document: DocumentNode,
  definition: OperationDefinitionNode,
  schema: GraphQLSchema,
): OperationSignature | null {
  const own = document.definitions.length === 1 ? document : separateOperations(document)[definition.name?.value ?? ''];
  const blanked = withoutValues(own ?? document, schema);
  if (!blanked) return null;
  const definitions = blanked.definitions.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const printed = print({ ...blanked, definitions });
  if (printed.length > LONGEST_DOCUMENT) return null;
  return { signature: createHash('sha256').update(printed).digest('hex'), document: printed };
}

/** The operation, then its fragments by name. */
const placeOf = (definition: DocumentNode['definitions'][number]): string =>
  definition.kind === Kind.FRAGMENT_DEFINITION ? definition.name.value : '';
