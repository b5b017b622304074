import type { Publication } from '@inevitable/contract';
import { composeSubgraphs, readSubgraphs, readSupergraphConfig } from '@inevitable/toolchain';
import type { OpenRegistry } from '../parts/schema-commands/open-registry.js';

/** What `stack publish` does, in less time: no check, no git. `basedOn`: the version that is published by now. */
export async function publishFiles(
  { registry }: Pick<OpenRegistry, 'registry'>,
  supergraphConfig: string,
  { by = 'ada', basedOn = null }: { readonly by?: string; readonly basedOn?: number | null } = {},
): Promise<Publication> {
  const subgraphs = await readSubgraphs(supergraphConfig, await readSupergraphConfig(supergraphConfig));
  const composed = composeSubgraphs(subgraphs);
  if (composed.kind === 'failed') throw new Error(composed.findings[0]!.message);
  const rest = { gitRevision: null, forced: false, findings: [], reason: null };
  return registry.publish({ ...rest, sdl: composed.sdl, subgraphs, by, basedOn });
}
