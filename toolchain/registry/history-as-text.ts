import Table from 'cli-table3';
import type { Publication } from '@inevitable/contract';
import picocolors from 'picocolors';
import { counted } from '../findings/counted.js';
import { inColumn } from '../findings/in-column.js';
import { withoutControls } from '../findings/telling.js';

const HEAD = ['position', 'version', 'revision', 'when (UTC)', 'who', 'what'];
/** Of a git revision: enough to tell it, and to look it up. What stands behind the hash (`-dirty`) is kept. */
const shortRevision = (revision: string): string => withoutControls(revision).replace(/^([0-9a-f]{12})[0-9a-f]+/, '$1');

/** For a terminal: a table of publications, in the order given. */
export function historyAsText(
  publications: readonly Publication[],
  { colours }: { readonly colours: boolean },
): string {
  if (!publications.length) return 'Nothing was published yet.\n';
  const { yellow } = picocolors.createColors(colours);
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  for (const { position, version, gitRevision, at, by, kind, forced, findings, reason } of publications) {
    const what = kind === 'publish' ? 'published' : 'rolled back to';
    const passedOver = `forced, over ${counted(findings.length, 'finding')}`;
    table.push([
      position,
      version,
      gitRevision === null ? '' : shortRevision(gitRevision),
      at.toISOString().slice(0, 19).replace('T', ' '),
      inColumn(by),
      [what, ...(forced ? [yellow(passedOver)] : []), ...(reason === null ? [] : [inColumn(reason)])].join('\n'),
    ]);
  }
  return `${table.toString()}\n`;
}
