import { dirname, resolve } from 'node:path';
import { parseSupergraphConfig, type SupergraphConfig } from '@inevitable/gateway/supergraph';
import { parse } from 'graphql';
import { ASK_LIMITS, askForSdl, type AskLimits } from './ask-for-sdl.js';
import { isOutside, repositoryOf } from './is-outside.js';
import { readText } from './read-text.js';
import { SupergraphUnreadable } from './supergraph-unreadable.js';

/** A subgraph's schema as its team wrote it. */
export interface SubgraphText {
  readonly name: string;
  readonly routingUrl: string;
  /** Absolute, or the URL that told the schema. */
  readonly file: string;
  readonly sdl: string;
  /** True: what the kit would add (federation header, shared types) is not added, because it was served as it is. */
  readonly served: boolean;
  /** True: supergraph.yaml leads to a file outside of its repository. It may be anybody's, and is never quoted. */
  readonly outside?: true;
}

/** Throws `SupergraphUnreadable` or `BadSupergraphConfig`. */
export async function readSupergraphConfig(path: string): Promise<SupergraphConfig> {
  return parseSupergraphConfig(await readText(path), path);
}

/** The schemas that supergraph.yaml names, in its order. Throws `SupergraphUnreadable` for the first that cannot be read. */
export const readSubgraphs = (
  configPath: string,
  config: SupergraphConfig,
  limits: AskLimits = ASK_LIMITS,
): Promise<readonly SubgraphText[]> =>
  Promise.all(
    [...config.subgraphs.values()].map(async ({ name, routingUrl, schema }): Promise<SubgraphText> => {
      const namedBy = `${configPath}:${schema.line}`;
      if (schema.kind === 'introspect') {
        const sdl = await askForSdl(schema.url, namedBy, limits);
        return { name, routingUrl, file: schema.url, sdl, served: true };
      }
      const file = schemaFile(configPath, schema.file);
      const sdl = await readText(file, namedBy, limits.maxBytes);
      const outside = await isOutside(file, await repositoryOf(dirname(configPath)));
      if (outside && !isGraphql(sdl))
        throw new SupergraphUnreadable(
          `${namedBy}: ${file} is not valid GraphQL; it is not quoted, because it is outside of the repository of supergraph.yaml.`,
        );
      return { name, routingUrl, file, sdl, served: false, ...(outside && { outside }) };
    }),
  );

function isGraphql(text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Files are relative to supergraph.yaml. */
const schemaFile = (configPath: string, file: string): string => resolve(dirname(configPath), file);

/** The files that supergraph.yaml names, absolute. */
export const schemaFiles = (configPath: string, { subgraphs }: SupergraphConfig): readonly string[] =>
  [...subgraphs.values()].flatMap(({ schema }) =>
    schema.kind === 'file' ? [schemaFile(configPath, schema.file)] : [],
  );
