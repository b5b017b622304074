import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { SchemaRegistryPort } from '@inevitable/contract';
import { composeSupergraph, parseSupergraphConfig, type SupergraphConfig } from '@inevitable/gateway';
import { completeSchemaText } from '@inevitable/kit/host';
import type { Settings } from '../settings/settings.js';

/** supergraph.yaml or a schema it names cannot be read. */
export class SupergraphUnreadable extends Error {}

/** The subgraphs do not fit together; `findings` say where. */
export class CompositionFailed extends Error {
  readonly findings: readonly CompositionFinding[];
  constructor(findings: readonly CompositionFinding[]) {
    super(`The subgraphs do not compose:\n${findings.map(findingText).join('\n')}`);
    this.findings = findings;
  }
}

export interface CompositionFinding {
  readonly code: string;
  readonly message: string;
  readonly subgraph?: string | undefined;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

const findingText = ({ code, message, subgraph, file, line, column }: CompositionFinding): string => {
  const place = file ? `${file}${line === undefined ? '' : `:${line}:${column ?? 1}`}` : (subgraph ?? 'supergraph');
  return `  ${place}  ${code}  ${message}`;
};

export interface ComposedSupergraph {
  readonly sdl: string;
  readonly hints: readonly string[];
}

export async function readSupergraphConfig(path: string): Promise<SupergraphConfig> {
  return parseSupergraphConfig(await readText(path), path);
}

/** Composes what supergraph.yaml lists. Throws `SupergraphUnreadable` or `CompositionFailed`. */
export async function compose(configPath: string, config: SupergraphConfig): Promise<ComposedSupergraph> {
  const subgraphs = await Promise.all(
    [...config.subgraphs.values()].map(async ({ name, routingUrl, schema }) => {
      if (schema.kind !== 'file') {
        throw new SupergraphUnreadable(
          `${configPath}: subgraphs.${name} gives schema.subgraph_url, and subgraphs refuse introspection. Give schema.file.`,
        );
      }
      const file = resolve(dirname(configPath), schema.file);
      return { name, routingUrl, file, sdl: await readText(file) };
    }),
  );
  const outcome = composeSupergraph(
    subgraphs.map(({ name, routingUrl, file, sdl }) => ({ name, routingUrl, sdl: completed(name, file, sdl) })),
  );
  if (outcome.kind === 'composed')
    return { sdl: outcome.sdl, hints: outcome.hints.map(({ code, message }) => `${code}: ${message}`) };
  throw new CompositionFailed(
    outcome.errors.map((error) => ({ ...error, file: subgraphs.find(({ name }) => name === error.subgraph)?.file })),
  );
}

function completed(subgraph: string, file: string, sdl: string): string {
  try {
    return completeSchemaText(sdl, file);
  } catch (error) {
    throw new CompositionFailed([{ code: 'INVALID_GRAPHQL', message: (error as Error).message, subgraph, file }]);
  }
}

/** Throws `SupergraphUnreadable`. */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new SupergraphUnreadable(`${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** The registry of a stack without one: composed at start from supergraph.yaml. */
export function registryFromFiles(settings: Settings, config: SupergraphConfig): SchemaRegistryPort {
  const composing = (async () => {
    const { sdl } = await compose(settings.supergraphConfig, config);
    return { id: createHash('sha256').update(sdl).digest('hex'), sdl };
  })();
  composing.catch(() => undefined); // told to whoever asks
  return { current: () => composing };
}
