import type { NewVersion } from '@inevitable/contract';

/** What the registry takes for a supergraph of these subgraphs; another `mark` is another text. Nobody could serve it. */
export const supergraphText = (mark: string, names: readonly string[] = ['notes']): string => `
  enum join__Graph { ${names.map((name) => `${name.toUpperCase()} @join__graph(name: "${name}", url: "http://${name}.test/graphql")`).join(' ')} }
  type Query { "${mark}" it: Int }`;

/** A publication of the content `mark`, by `tests`, based on nothing. */
export const newVersion = (mark: string, changes: Partial<NewVersion> = {}): NewVersion => ({
  sdl: supergraphText(mark),
  subgraphs: [{ name: 'notes', routingUrl: 'http://notes.test/graphql', sdl: `type Query { "${mark}" it: Int }` }],
  by: 'tests',
  gitRevision: null,
  forced: false,
  findings: [],
  reason: null,
  basedOn: null,
  ...changes,
});
