import { Kind, visit, type DocumentNode } from 'graphql';

/** A document whose variables have other names than those a plan adds of its own. */
export interface SeparatedVariables {
  readonly document: DocumentNode;
  /** By the document's name, the client's; those not listed are the client's own. */
  readonly clientNames: ReadonlyMap<string, string>;
}

/** `@apollo/query-planner` declares variables of these names in the fetches it makes, whatever the client has called its own. */
const TAKEN = /^(representations|contextualArgument_.*)$/;

/** Where nothing collides the document is returned as it is. */
export function separateVariables(document: DocumentNode): SeparatedVariables {
  const used = new Set<string>();
  visit(document, { Variable: ({ name }) => void used.add(name.value) });
  const renamed = new Map<string, string>();
  for (const name of used) {
    if (!TAKEN.test(name)) continue;
    let free = `client_${name}`;
    while (used.has(free)) free = `_${free}`;
    renamed.set(name, free);
  }
  if (renamed.size === 0) return { document, clientNames: renamed };
  return {
    document: visit(document, {
      Variable: ({ name }) => ({
        kind: Kind.VARIABLE,
        name: { kind: Kind.NAME, value: renamed.get(name.value) ?? name.value },
      }),
    }),
    clientNames: new Map([...renamed].map(([client, planned]) => [planned, client])),
  };
}
