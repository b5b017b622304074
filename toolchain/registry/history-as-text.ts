import Table from 'cli-table3';
import type { Publication } from '@inevitable/contract';
import picocolors from 'picocolors';
import { withoutControls } from '../findings/telling.js';

const HEAD = ['position', 'version', 'when (UTC)', 'who', 'what'];

/** For a terminal: a table of publications, in the order given. */
export function historyAsText(
  publications: readonly Publication[],
  { colours }: { readonly colours: boolean },
): string {
  if (!publications.length) return 'Nothing was published yet.\n';
  const { yellow } = picocolors.createColors(colours);
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  for (const { position, version, at, by, kind, forced, findings, reason } of publications) {
    const what = kind === 'publish' ? 'published' : 'rolled back to';
    const passedOver = `forced, over ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
    table.push([
      position,
      version,
      at.toISOString().slice(0, 19).replace('T', ' '),
      withoutControls(by),
      [what, ...(forced ? [yellow(passedOver)] : []), ...(reason === null ? [] : [withoutControls(reason)])].join('\n'),
    ]);
  }
  return `${table.toString()}\n`;
}
