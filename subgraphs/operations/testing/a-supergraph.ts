import type { NewVersion } from '@inevitable/contract';

const NOTES = 'http://notes.test/graphql';

/**
 * What the registry takes for a supergraph of subgraphs that are reached there; another `mark` is another text. Nobody could
 * serve it.
 */
export const supergraphText = (mark: string, urls: Readonly<Record<string, string>> = { notes: NOTES }): string => `
  enum join__Graph { ${Object.entries(urls)
    .map(([name, url]) => `${name.toUpperCase()} @join__graph(name: "${name}", url: "${url}")`)
    .join(' ')} }
  type Query { "${mark}" it: Int }`;

/** A publication of the content `mark`, by `tests`, based on nothing. */
export function newVersion(mark: string, changes: Partial<NewVersion> = {}): NewVersion {
  const subgraphs = changes.subgraphs ?? [
    { name: 'notes', routingUrl: NOTES, sdl: `type Query { "${mark}" it: Int }` },
  ];
  return {
    sdl: supergraphText(mark, Object.fromEntries(subgraphs.map(({ name, routingUrl }) => [name, routingUrl]))),
    subgraphs,
    by: 'tests',
    gitRevision: null,
    forced: false,
    findings: [],
    reason: null,
    basedOn: null,
    ...changes,
  };
}
