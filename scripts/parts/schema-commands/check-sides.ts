import { statSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import type { PublishedVersion } from '@inevitable/contract';
import { apiSchemaOf, parseSupergraphConfig, type SupergraphConfig } from '@inevitable/gateway';
import {
  composeSubgraphs,
  readSubgraphs,
  readSupergraphConfig,
  readText,
  type CheckedSupergraph,
  type Finding,
  type SubgraphText,
} from '@inevitable/toolchain';
import { openGitFiles } from './git-files.js';
import { publishedBeside, type Beside } from './published-beside.js';

/** There is nothing to check, or nothing to check against. The message is one sentence that says what to do. */
export class NothingToCheck extends Error {}

/** One subgraph of which the schema is taken from a file, whatever supergraph.yaml says. */
export interface SubgraphOverride {
  readonly name: string;
  readonly file: string;
}

/** The candidate as it is composed: null does not compose. */
export interface Candidate {
  readonly subgraphs: readonly SubgraphText[];
  readonly supergraph: CheckedSupergraph | null;
  readonly composition: readonly Finding[];
}

/**
 * What supergraph.yaml says now. With one subgraph from elsewhere, the others are those of `published`, as they are for
 * "stack publish". Null: those of supergraph.yaml.
 * Throws what reading them throws.
 */
export async function readCandidate(
  configPath: string,
  override: SubgraphOverride | null,
  published: PublishedVersion | null,
): Promise<Candidate> {
  const subgraphs = await subgraphsOf(configPath, override, published);
  const outcome = composeSubgraphs(subgraphs);
  return {
    subgraphs,
    supergraph: outcome.kind === 'composed' ? { supergraphSdl: outcome.sdl, subgraphs } : null,
    composition: outcome.findings,
  };
}

async function subgraphsOf(
  configPath: string,
  override: SubgraphOverride | null,
  published: PublishedVersion | null,
): Promise<readonly SubgraphText[]> {
  if (!override) return readSubgraphs(configPath, await readSupergraphConfig(configPath));
  const { name } = override;
  const file = resolve(override.file);
  const sdl = await readText(file);
  const others = await othersOf(configPath, published, name);
  const own = { name, routingUrl: others.routingUrl ?? `http://${name}.invalid/graphql`, file, sdl, served: false };
  return [...others.subgraphs, own].sort((left, right) => (left.name < right.name ? -1 : 1));
}

async function othersOf(configPath: string, published: PublishedVersion | null, name: string): Promise<Beside> {
  if (published) return publishedBeside(name, published, configPath);
  const config = await readSupergraphConfig(configPath);
  const others = new Map([...config.subgraphs].filter(([key]) => key !== name));
  return {
    subgraphs: await readSubgraphs(configPath, { ...config, subgraphs: others }),
    routingUrl: config.subgraphs.get(name)?.routingUrl,
  };
}

export const publishedSupergraph = ({ sdl, subgraphs }: PublishedVersion): CheckedSupergraph => ({
  supergraphSdl: sdl,
  subgraphs: subgraphs.map(({ name, sdl: written }) => ({ name, sdl: written, file: null })),
});

export const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Of a supergraph; larger than what one subgraph may have. */
const MAX_SUPERGRAPH_BYTES = 50 * 1_024 * 1_024;

/** A supergraph schema, or another supergraph.yaml. Throws `NothingToCheck`, and what reading it throws. */
export async function readBaseFile(path: string): Promise<CheckedSupergraph> {
  if (/\.ya?ml$/i.test(path)) return composed(await readSubgraphs(path, await readSupergraphConfig(path)), path);
  const supergraphSdl = await readText(path, undefined, MAX_SUPERGRAPH_BYTES);
  if (!/\bjoin__Graph\b/.test(supergraphSdl))
    throw new NothingToCheck(
      `${path} is neither a supergraph schema, as "stack compose" writes it, nor a supergraph.yaml.`,
    );
  try {
    apiSchemaOf(supergraphSdl);
  } catch (error) {
    throw new NothingToCheck(`${path} is no supergraph schema: ${(error as Error).message.split('\n')[0]}`);
  }
  return { supergraphSdl, subgraphs: [] };
}

/**
 * What supergraph.yaml and the files it names composed to in a git revision. A subgraph that is asked for its schema has
 * no past: it is taken as it is now, from `now`. Throws `NothingToCheck`, `GitUnreadable` or `BadSupergraphConfig`.
 */
export async function readBaseRevision(
  ref: string,
  configPath: string,
  now: readonly SubgraphText[],
  env: NodeJS.ProcessEnv,
): Promise<CheckedSupergraph> {
  const folder = dirname(configPath);
  const files = await openGitFiles(ref, folder, env);
  const config: SupergraphConfig = parseSupergraphConfig(
    await files.read(configPath),
    `${relative(folder, configPath)} of revision "${ref}"`,
  );
  const subgraphs = await Promise.all(
    [...config.subgraphs.values()].map(async ({ name, routingUrl, schema }): Promise<SubgraphText> => {
      if (schema.kind === 'file') {
        const file = resolve(folder, schema.file);
        return { name, routingUrl, file, sdl: await files.read(file), served: false };
      }
      const same = now.find((subgraph) => subgraph.name === name);
      if (same) return same;
      throw new NothingToCheck(
        `Revision "${ref}" asks ${schema.url} for the schema of subgraph "${name}", which is not in supergraph.yaml any more: compare with a published version or a file.`,
      );
    }),
  );
  return composed(subgraphs, `Revision "${ref}"`);
}

function composed(subgraphs: readonly SubgraphText[], what: string): CheckedSupergraph {
  const outcome = composeSubgraphs(subgraphs);
  if (outcome.kind === 'composed') return { supergraphSdl: outcome.sdl, subgraphs };
  const [first] = outcome.findings;
  throw new NothingToCheck(`${what} does not compose, so nothing can be compared with it: ${first?.message ?? ''}`);
}
