import { existsSync } from 'node:fs';
import type { PublishedVersion } from '@inevitable/contract';
import type { SupergraphConfig } from '@inevitable/gateway';
import { readSupergraphConfig, type SubgraphText } from '@inevitable/toolchain';

/** What one subgraph is composed with where only that one changes. */
export interface Beside {
  readonly subgraphs: readonly SubgraphText[];
  /** Of the one that changes, as published or else as supergraph.yaml has it. */
  readonly routingUrl: string | undefined;
}

/**
 * What is published beside one subgraph, whatever the files of the others say by now: what another team has not published yet
 * is not this one's doing. "stack check" and "stack publish" must not differ in it. Throws what reading supergraph.yaml throws.
 */
export async function publishedBeside(
  name: string,
  { number, subgraphs }: PublishedVersion,
  configPath: string,
): Promise<Beside> {
  // A team of its own may have no supergraph.yaml.
  const known: SupergraphConfig['subgraphs'] = existsSync(configPath)
    ? (await readSupergraphConfig(configPath)).subgraphs
    : new Map();
  return {
    subgraphs: subgraphs
      .filter((one) => one.name !== name)
      .map((one) => ({
        ...one,
        file: `${one.name} (version ${number})`, // where it is told to be: no file has it
        served: known.get(one.name)?.schema.kind === 'introspect',
      })),
    routingUrl: subgraphs.find((one) => one.name === name)?.routingUrl ?? known.get(name)?.routingUrl,
  };
}
