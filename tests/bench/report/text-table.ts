/** Columns as wide as their longest cell: the first to the left, numbers to the right. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return `${[line(header), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n')}\n`;
}

export const fixed = (number: number, digits: number): string => number.toFixed(digits);

/** How often `mine` goes into `theirs`; empty where there is nothing of ours to compare with. */
export const timesOurs = (theirs: number, ours: number | undefined): string =>
  ours === undefined ? '' : `${(theirs / ours).toFixed(2)}×`;
