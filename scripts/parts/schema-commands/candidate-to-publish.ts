import { dirname, resolve } from 'node:path';
import type { PublishedVersion } from '@inevitable/contract';
import { readSubgraphs, readSupergraphConfig, readText, type SubgraphText } from '@inevitable/toolchain';
import { publishedBeside } from './published-beside.js';

/** What was asked for cannot be published; the message is one sentence that says why, and what to do. */
export class NotPublishable extends Error {}

export interface CandidateAsked {
  /** Absolute. */
  readonly config: string;
  /** One subgraph over those that are published; null: all that `config` names. */
  readonly one: { readonly name: string; readonly schema: string; readonly routingUrl: string | undefined } | null;
}

/**
 * The subgraphs that are to be published. Throws `NotPublishable`, `SupergraphUnreadable` and `BadSupergraphConfig`.
 */
export async function candidateToPublish(
  { config, one }: CandidateAsked,
  current: PublishedVersion | null,
): Promise<readonly SubgraphText[]> {
  if (!one) return readSubgraphs(config, await readSupergraphConfig(config));
  if (!current)
    throw new NotPublishable(
      `Nothing was published yet, so "${one.name}" has no subgraphs to be composed with: publish all of them first, with "stack publish" where supergraph.yaml is.`,
    );
  const beside = await publishedBeside(one.name, current, config);
  const routingUrl = one.routingUrl ?? beside.routingUrl;
  if (routingUrl === undefined)
    throw new NotPublishable(
      `"${one.name}" is new, and gateways must know where it is: give --routing-url. Published are ${current.subgraphs.map(({ name }) => name).join(', ')}.`,
    );
  const file = resolve(one.schema);
  return [...beside.subgraphs, { name: one.name, routingUrl, file, sdl: await readText(file), served: false }];
}

/** The folder whose git revision is published. */
export const folderOf = ({ config, one }: CandidateAsked): string => dirname(one ? resolve(one.schema) : config);
