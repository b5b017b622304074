import type { SchemaRegistryPort } from '@inevitable/contract';
import { readJoinGraphs, supergraphFile, SupergraphFileUnusable } from '@inevitable/gateway';
import type { Logger } from 'pino';
import { SupergraphUnreadable } from './supergraph.js';

/** As the gateway's `supergraphFile`, for subgraphs behind HTTP. Throws `SupergraphUnreadable`. */
export async function openSupergraphFile(path: string, log: Logger): Promise<SchemaRegistryPort> {
  try {
    const registry = await supergraphFile(path, log);
    for (const { name, url } of readJoinGraphs((await registry.current()).sdl))
      if (!isHttpUrl(url))
        throw new SupergraphUnreadable(
          `${path} gives subgraph "${name}" the URL "${url}", which is not an http(s) URL.`,
        );
    return registry;
  } catch (error) {
    if (error instanceof SupergraphFileUnusable) throw new SupergraphUnreadable(error.message);
    throw error;
  }
}

const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
