import { visit, type DocumentNode } from 'graphql';

/** An answer that is written at once needs a plan without deferred parts; a server may always answer like that. */
export const undeferred = (document: DocumentNode): DocumentNode =>
  visit(document, { Directive: ({ name }) => (name.value === 'defer' ? null : undefined) });
