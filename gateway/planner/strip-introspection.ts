import { Kind, type DocumentNode } from 'graphql';
import { withoutSelections } from './without-selections.js';

/**
 * The document without `__schema` and `__type`, wherever they stand: any field of type `Query` may have them. Names that
 * start with `__` are reserved, so no other field can be meant. The document must be valid.
 */
export const stripIntrospection = (document: DocumentNode): DocumentNode =>
  withoutSelections(
    document,
    ({ kind, ...selection }) => kind === Kind.FIELD && 'name' in selection && INTROSPECTION.has(selection.name.value),
  );

const INTROSPECTION = new Set(['__schema', '__type']);
