import { resolve } from 'node:path';
import { readSubgraphs, readSupergraphConfig } from '@inevitable/toolchain';
import type { CommandWorld } from '../../commands/command.js';
import { openRegistry } from './open-registry.js';
import { progressTo } from '../progress.js';
import { compose } from '../supergraph.js';

/** A supergraph that a command looks at, and what it was composed of, by the subgraphs' names. */
export interface ChosenSupergraph {
  readonly sdl: string;
  readonly subgraphs: ReadonlyMap<string, string>;
  /** The version that was published; null: it is what the files compose to. */
  readonly version: number | null;
}

export interface SupergraphChoice {
  readonly config?: string;
  /** The version that is served. */
  readonly published?: true;
  /** The URL of a stack whose registry is asked; the operator's own database unless given. */
  readonly registry?: string;
}

/** Nothing was published yet. */
export class NothingPublished extends Error {}

/**
 * What the files of supergraph.yaml compose to; what was published, where `published` or `registry` asks for it. Throws
 * `CompositionFailed`, `NothingPublished`, and what reading the files and opening a registry throw.
 */
export async function chosenSupergraph(world: CommandWorld, choice: SupergraphChoice): Promise<ChosenSupergraph> {
  const { step } = progressTo(world.complain);
  if (choice.published || choice.registry !== undefined) {
    const registry = await openRegistry(world, choice.registry);
    try {
      const version = await step('asking the registry', () => registry.registry.current());
      if (!version) throw new NothingPublished('Nothing was published yet: "stack publish" does.');
      const subgraphs = new Map(version.subgraphs.map(({ name, sdl }) => [name, sdl]));
      return { sdl: version.sdl, subgraphs, version: version.number };
    } finally {
      await registry.close();
    }
  }
  const path = choice.config === undefined ? world.settings().supergraphConfig : resolve(choice.config);
  const config = await readSupergraphConfig(path);
  const subgraphs = await step('reading the schemas', () => readSubgraphs(path, config));
  const { sdl } = await compose(path, config);
  return { sdl, subgraphs: new Map(subgraphs.map((subgraph) => [subgraph.name, subgraph.sdl])), version: null };
}
