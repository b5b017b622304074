import type { Finding } from './finding.js';
import { furtherLines, shownPlace, withoutControls, type Telling } from './telling.js';

/** A table for a comment on a pull request or a job's summary. Without findings, one sentence. */
export async function findingsAsMarkdown(
  findings: readonly Finding[],
  { root, title = 'stack' }: Telling,
): Promise<string> {
  if (findings.length === 0) return `**${escape(title)}**: no findings.\n`;
  const rows = findings.map((finding) => `| ${cells(finding, root).map(escape).join(' | ')} |`);
  return [`**${escape(title)}**`, '', '| | Code | Where | What |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}

function cells(finding: Finding, root: string): readonly string[] {
  const { severity, code, message, subgraph, place } = finding;
  const where = [
    ...(place ? [shownPlace(place, root)] : []),
    ...(subgraph === undefined ? [] : [`subgraph ${subgraph}`]),
  ];
  return [severity, code, where.join('\n'), [message, ...furtherLines(finding, root)].join('\n')];
}

/**
 * Text as text: nothing in it ends a cell, is markup or HTML, or calls somebody: `@key` would be a mention of the user
 * "key", which a zero-width space prevents.
 */
const escape = (text: string): string =>
  withoutControls(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_[\]|~#]/g, '\\$&')
    .replaceAll('@', '@&#8203;')
    .replaceAll('\n', '<br>');
