/** How many equal lines are shown around a change. */
const CONTEXT = 3;
/** Beyond so many different lines the shortest way is not looked for: it would take its square in memory. */
const MOST_EDITS = 1_000;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * What became of a text, as `diff -u` tells it, without the names of files; '' where nothing did. Where more than 1,000
 * lines differ, everything between the first and the last of them is told as replaced.
 */
export function unifiedDiff(before: string, after: string): string {
  const lines = alignLines(linesOf(before), linesOf(after));
  const hunks: string[] = [];
  let [oldLine, newLine] = [1, 1];
  let at = 0;
  for (const [from, to] of hunkBounds(lines)) {
    for (; at < from; at += 1) [oldLine, newLine] = [oldLine + 1, newLine + 1]; // only equal lines lie between hunks
    const hunk = lines.slice(from, to);
    const [oldCount, newCount] = [count(hunk, '+'), count(hunk, '-')];
    hunks.push(
      [
        `@@ -${rangeOf(oldLine, oldCount)} +${rangeOf(newLine, newCount)} @@`,
        ...hunk.map(({ sign, text }) => `${sign}${text}`),
      ].join('\n'),
    );
    [oldLine, newLine, at] = [oldLine + oldCount, newLine + newCount, to];
  }
  return hunks.length ? `${hunks.join('\n')}\n` : '';
}

/** A line break at the end ends the last line, and begins none. */
const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/));

/** Those of a hunk that are not `sign`: the lines it has on the other side. */
const count = (lines: readonly Line[], sign: Line['sign']): number => lines.filter((line) => line.sign !== sign).length;

/** A side without lines is told by the line before it. */
const rangeOf = (first: number, lines: number): string =>
  lines === 1 ? String(first) : `${lines === 0 ? first - 1 : first},${lines}`;

/** First and behind-last index of the lines that are shown together. */
function hunkBounds(lines: readonly Line[]): readonly (readonly [number, number])[] {
  const bounds: [number, number][] = [];
  for (const [at, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    const [from, to] = [Math.max(0, at - CONTEXT), Math.min(lines.length, at + CONTEXT + 1)];
    const last = bounds.at(-1);
    if (last && from <= last[1]) last[1] = to;
    else bounds.push([from, to]);
  }
  return bounds;
}

/** Both texts in one list, with as few changes as possible. */
function alignLines(before: readonly string[], after: readonly string[]): readonly Line[] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let end = 0;
  const shorter = Math.min(before.length, after.length) - start;
  while (end < shorter && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  const [old, now] = [before.slice(start, before.length - end), after.slice(start, after.length - end)];
  const asEqual = (text: string): Line => ({ sign: ' ', text });
  return [
    ...before.slice(0, start).map(asEqual),
    ...(shortestEdits(old, now) ?? [
      ...old.map((text): Line => ({ sign: '-', text })),
      ...now.map((text): Line => ({ sign: '+', text })),
    ]),
    ...before.slice(before.length - end).map(asEqual),
  ];
}

/**
 * Myers, An O(ND) Difference Algorithm and Its Variations (1986): `reach[k]` is how far into `old` one comes on diagonal k
 * with d edits. Null: it takes too many.
 */
function shortestEdits(old: readonly string[], now: readonly string[]): readonly Line[] | null {
  const most = Math.min(old.length + now.length, MOST_EDITS);
  const reach = new Map<number, number>([[1, 0]]);
  const ways: ReadonlyMap<number, number>[] = [];
  for (let edits = 0; edits <= most; edits += 1) {
    ways.push(new Map(reach));
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = isInsertion(reach, diagonal, edits) ? reach.get(diagonal + 1)! : reach.get(diagonal - 1)! + 1;
      while (x < old.length && x - diagonal < now.length && old[x] === now[x - diagonal]) x += 1;
      reach.set(diagonal, x);
      if (x >= old.length && x - diagonal >= now.length) return walkBack(ways, old, now);
    }
  }
  return null;
}

const isInsertion = (reach: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean =>
  diagonal === -edits || (diagonal !== edits && (reach.get(diagonal - 1) ?? -1) < (reach.get(diagonal + 1) ?? -1));

function walkBack(
  ways: readonly ReadonlyMap<number, number>[],
  old: readonly string[],
  now: readonly string[],
): readonly Line[] {
  const lines: Line[] = [];
  let [x, y] = [old.length, now.length];
  for (let edits = ways.length - 1; edits >= 0; edits -= 1) {
    const reach = ways[edits]!;
    const diagonal = x - y;
    const from = isInsertion(reach, diagonal, edits) ? diagonal + 1 : diagonal - 1;
    const fromX = reach.get(from)!;
    const fromY = fromX - from;
    for (; x > fromX && y > fromY && x > 0 && y > 0; y -= 1) lines.push({ sign: ' ', text: old[(x -= 1)]! });
    if (edits === 0) break;
    if (x === fromX) lines.push({ sign: '+', text: now[(y -= 1)]! });
    else lines.push({ sign: '-', text: old[(x -= 1)]! });
  }
  return lines.reverse();
}
