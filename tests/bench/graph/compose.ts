import { composeServices } from '@apollo/composition';
import { SUBGRAPHS } from './subgraphs.js';

/** The supergraph's SDL, with the subgraphs where they listen now. Composed by Apollo, so that every peer can read it. */
export function compose(urls: Readonly<Record<string, string>>): string {
  const services = Object.entries(SUBGRAPHS).map(([name, { typeDefs }]) => ({ name, typeDefs, url: urls[name]! }));
  const { supergraphSdl, errors } = composeServices(services);
  if (supergraphSdl === undefined) throw new Error(`The subgraphs do not compose: ${String(errors)}`);
  return supergraphSdl;
}
