import { fileURLToPath } from 'node:url';
import type { SupergraphManager } from '@apollo/gateway';
import type { SchemaRegistryPort, SupergraphVersion } from '@inevitable/contract';
import type { Logger } from 'pino';
import { supergraphFile, versionOf } from '../supergraph/supergraph-file.js';
import { readSchemas } from './read-schemas.js';

/**
 * Where a supergraph comes from: its SDL, a file (as a `file:` URL; what is written to it later is taken over), or any
 * supergraph manager of `@apollo/gateway` (`IntrospectAndCompose`, `LocalCompose`, one of your own).
 */
export type SupergraphSource = string | URL | SupergraphManager | SupergraphManager['initialize'];

export interface OpenedSource {
  readonly registry: SchemaRegistryPort;
  close(): Promise<void>;
}

export async function openSource(source: SupergraphSource, log: Logger): Promise<OpenedSource> {
  if (typeof source === 'string')
    return { registry: { current: async () => versionOf(source) }, close: async () => undefined };
  if (source instanceof URL)
    return { registry: await supergraphFile(fileURLToPath(source), log), close: async () => undefined };
  return managed(typeof source === 'function' ? source : (options) => source.initialize(options));
}

async function managed(initialize: SupergraphManager['initialize']): Promise<OpenedSource> {
  const listeners = new Set<(version: SupergraphVersion) => void>();
  let latest: SupergraphVersion | null = null;
  const { supergraphSdl, cleanup } = await initialize({
    update(sdl) {
      latest = versionOf(sdl);
      for (const listener of listeners) listener(latest);
    },
    healthCheck: async () => undefined, // the gateway's own health covers the subgraphs
    getDataSource: readSchemas,
  });
  return {
    registry: {
      current: async () => latest ?? versionOf(supergraphSdl),
      watch(onVersion) {
        listeners.add(onVersion);
        return () => void listeners.delete(onVersion);
      },
    },
    close: async () => cleanup?.(),
  };
}
