import picocolors from 'picocolors';
import { withoutControls } from '../findings/telling.js';
import type { ApiChange, SubgraphChange, VersionComparison } from './compare-versions.js';

const TITLES = {
  breaking: 'may break clients',
  dangerous: 'clients may notice',
  compatible: 'compatible',
} as const;

/** For a terminal: which subgraphs differ, then what changes for clients, the worst first. */
export function comparisonAsText(
  { changes, subgraphs }: VersionComparison,
  { colours }: { readonly colours: boolean },
): string {
  const { red, yellow, green, bold } = picocolors.createColors(colours);
  const colour = { breaking: red, dangerous: yellow, compatible: green };
  const ofKind = (criticality: ApiChange['criticality']): readonly string[] => {
    const own = changes.filter((change) => change.criticality === criticality);
    if (!own.length) return [];
    const title = bold(colour[criticality](`${TITLES[criticality]} (${own.length})`));
    return [title, ...own.map(({ message }) => `  ${withoutControls(message)}`)];
  };
  if (!changes.length && !subgraphs.length) return 'Nothing differs.\n';
  return [
    bold(`subgraphs that differ (${subgraphs.length})`),
    ...subgraphs.map((subgraph) => `  ${withoutControls(subgraphInWords(subgraph))}`),
    ...(changes.length
      ? (['breaking', 'dangerous', 'compatible'] as const).flatMap(ofKind)
      : ['For clients nothing changes.']),
    '',
  ].join('\n');
}

function subgraphInWords({ name, kind, routingUrl: { before, after } }: SubgraphChange): string {
  switch (kind) {
    case 'added':
      return `${name} is new, at ${after}`;
    case 'removed':
      return `${name} is gone, and was at ${before}`;
    case 'moved':
      return `${name} moved from ${before} to ${after}`;
    case 'changed':
      return `${name} changed${before === after ? '' : `, and moved from ${before} to ${after}`}`;
  }
}
