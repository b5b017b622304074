import { createHash } from 'node:crypto';
import type { SchemaRegistryPort } from '@inevitable/contract';
import type { SupergraphConfig } from '@inevitable/gateway';
import { composeSubgraphs, readSubgraphs, type Finding } from '@inevitable/toolchain/compose';
import type { Settings } from '../settings/settings.js';

export { readSupergraphConfig, readText, SupergraphUnreadable } from '@inevitable/toolchain/compose';

/** The subgraphs do not fit together; `findings` say where. */
export class CompositionFailed extends Error {
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    super(`The subgraphs do not compose:\n${findings.map(inOneLine).join('\n')}`);
    this.findings = findings;
  }
}

const inOneLine = ({ code, message, subgraph, place }: Finding): string => {
  const { file, line, column } = place ?? { file: subgraph ?? 'supergraph' };
  return `  ${[file, line, column].filter((part) => part !== undefined).join(':')}  ${code}  ${message}`;
};

export interface ComposedSupergraph {
  readonly sdl: string;
  /** Warnings and hints. */
  readonly findings: readonly Finding[];
}

/** Composes what supergraph.yaml lists. Throws `SupergraphUnreadable` or `CompositionFailed`. */
export async function compose(configPath: string, config: SupergraphConfig): Promise<ComposedSupergraph> {
  const outcome = composeSubgraphs(await readSubgraphs(configPath, config));
  if (outcome.kind === 'failed') throw new CompositionFailed(outcome.findings);
  return outcome;
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
