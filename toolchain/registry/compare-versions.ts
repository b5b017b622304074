import { CriticalityLevel, diff } from '@graphql-inspector/core';
import type { SubgraphSchema } from '@inevitable/contract';
import { apiSchemaOf } from '@inevitable/gateway';

/** A supergraph and what it was composed of. */
export interface ComparedVersion {
  readonly sdl: string;
  readonly subgraphs: readonly SubgraphSchema[];
}

/** What differs between two versions. Plain data: `stack diff --json` prints it as it is. */
export interface VersionComparison {
  /** Of the API schema, which clients see; breaking ones first. */
  readonly changes: readonly ApiChange[];
  /** By name; those that differ in nothing are left out. */
  readonly subgraphs: readonly SubgraphChange[];
}

export interface ApiChange {
  /** As `@graphql-inspector/core` calls it: `FIELD_REMOVED`. */
  readonly code: string;
  readonly coordinate: string | null;
  readonly criticality: 'breaking' | 'dangerous' | 'compatible';
  readonly message: string;
}

export interface SubgraphChange {
  readonly name: string;
  /** `moved`: its URL alone is another one. */
  readonly kind: 'added' | 'removed' | 'changed' | 'moved';
  /** Null: there was, or is, none. */
  readonly routingUrl: { readonly before: string | null; readonly after: string | null };
}

const CRITICALITY = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'compatible',
} as const;

const ORDER: readonly ApiChange['criticality'][] = ['breaking', 'dangerous', 'compatible'];

/** Judges by the schemas alone: who would notice is what `checkCandidate` says. */
export async function compareVersions(before: ComparedVersion, after: ComparedVersion): Promise<VersionComparison> {
  const same = before.sdl === after.sdl;
  const changes = same ? [] : await diff(apiSchemaOf(before.sdl), apiSchemaOf(after.sdl));
  return {
    changes: changes
      .map(({ type, path, criticality, message }): ApiChange => ({
        code: String(type),
        coordinate: path ?? null,
        criticality: CRITICALITY[criticality.level],
        message,
      }))
      .toSorted((one, other) => ORDER.indexOf(one.criticality) - ORDER.indexOf(other.criticality)),
    subgraphs: compareSubgraphs(before.subgraphs, after.subgraphs),
  };
}

function compareSubgraphs(
  before: readonly SubgraphSchema[],
  after: readonly SubgraphSchema[],
): readonly SubgraphChange[] {
  const [old, now] = [before, after].map((all) => new Map(all.map((subgraph) => [subgraph.name, subgraph])));
  const names = [...new Set([...old!.keys(), ...now!.keys()])].sort();
  return names.flatMap((name): SubgraphChange[] => {
    const [was, is] = [old!.get(name), now!.get(name)];
    const kind = !was ? 'added' : !is ? 'removed' : was.sdl !== is.sdl ? 'changed' : 'moved';
    if (kind === 'moved' && was!.routingUrl === is!.routingUrl) return [];
    return [{ name, kind, routingUrl: { before: was?.routingUrl ?? null, after: is?.routingUrl ?? null } }];
  });
}
