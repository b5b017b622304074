import { describe, expect, it } from '@jest/globals';
import type { Publication } from '@inevitable/contract';
import { composeSupergraph } from '@inevitable/gateway';
import fc from 'fast-check';
import { compareVersions, type ComparedVersion } from './compare-versions.js';
import { comparisonAsText } from './comparison-as-text.js';
import { historyAsText } from './history-as-text.js';
import { unifiedDiff } from './unified-diff.js';

const subgraph = (name: string, fields: string, routingUrl = `http://${name}.test/graphql`) => ({
  name,
  routingUrl,
  sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9")\ntype Query { ${fields} }`,
});

function version(...subgraphs: ComparedVersion['subgraphs']): ComparedVersion {
  const composed = composeSupergraph(subgraphs);
  if (composed.kind === 'failed') throw new Error(composed.errors[0]!.message);
  return { sdl: composed.sdl, subgraphs };
}

describe('Comparing two versions of a supergraph', () => {
  const plain = { colours: false };

  it('names the subgraphs that differ, and what changes for clients, the worst first', async () => {
    const before = version(subgraph('a', 'a: Int old: Int'), subgraph('b', 'b: Int'), subgraph('c', 'c: Int'));
    const after = version(
      subgraph('a', 'a: Int new: Int'),
      subgraph('b', 'b: Int', 'http://elsewhere.test'),
      subgraph('d', 'd: Int', 'http://d.test'),
    );
    const comparison = await compareVersions(before, after);
    expect(comparison.subgraphs).toEqual([
      { name: 'a', kind: 'changed', routingUrl: { before: 'http://a.test/graphql', after: 'http://a.test/graphql' } },
      { name: 'b', kind: 'moved', routingUrl: { before: 'http://b.test/graphql', after: 'http://elsewhere.test' } },
      { name: 'c', kind: 'removed', routingUrl: { before: 'http://c.test/graphql', after: null } },
      { name: 'd', kind: 'added', routingUrl: { before: null, after: 'http://d.test' } },
    ]);
    expect(comparison.changes.map(({ code, coordinate, criticality }) => [code, coordinate, criticality])).toEqual([
      ['FIELD_REMOVED', 'Query.old', 'breaking'],
      ['FIELD_REMOVED', 'Query.c', 'breaking'],
      ['FIELD_ADDED', 'Query.new', 'compatible'],
      ['FIELD_ADDED', 'Query.d', 'compatible'],
    ]);
    expect(comparisonAsText(comparison, plain)).toBe(`subgraphs that differ (4)
  a changed
  b moved from http://b.test/graphql to http://elsewhere.test
  c is gone, and was at http://c.test/graphql
  d is new, at http://d.test
may break clients (2)
  Field 'old' was removed from object type 'Query'
  Field 'c' was removed from object type 'Query'
compatible (2)
  Field 'new' was added to object type 'Query'
  Field 'd' was added to object type 'Query'
`);
  });

  it('says so where nothing differs, and where nothing does for clients', async () => {
    const before = version(subgraph('a', 'a: Int'));
    expect(comparisonAsText(await compareVersions(before, before), plain)).toBe('Nothing differs.\n');
    const after = version(subgraph('a', 'a: Int', 'http://elsewhere.test'));
    expect(comparisonAsText(await compareVersions(before, after), plain)).toBe(
      'subgraphs that differ (1)\n  a moved from http://a.test/graphql to http://elsewhere.test\nFor clients nothing changes.\n',
    );
  });
});

describe('The history', () => {
  it('is a table, in which no text moves the cursor or turns round', () => {
    const publication: Publication = {
      position: 2,
      version: 1,
      gitRevision: '0123456789abcdef0123-dirty',
      kind: 'rollback',
      at: new Date('2026-11-22T03:04:05.678Z'),
      by: 'ada\u001b[2J@machine',
      forced: false,
      findings: [],
      reason: 'b is \u202eslow',
    };
    const forced = {
      ...publication,
      position: 3,
      version: 2,
      gitRevision: null,
      kind: 'publish',
      forced: true,
      findings: ['It breaks.'],
      reason: null,
    } as const;
    const text = historyAsText([forced, publication], { colours: false });
    expect(text).not.toContain('\u001b');
    const cells = text.split('\n').map((line) =>
      line
        .split('│')
        .map((cell) => cell.trim())
        .filter((cell) => cell !== ''),
    );
    expect(cells.filter((row) => row.length > 1)).toEqual([
      ['position', 'version', 'revision', 'when (UTC)', 'who', 'what'],
      ['3', '2', '2026-11-22 03:04:05', 'ada\ufffd[2J@machine', 'published'],
      ['2', '1', '0123456789ab-dirty', '2026-11-22 03:04:05', 'ada\ufffd[2J@machine', 'rolled back to'],
    ]);
    expect(text).toContain('forced, over 1 finding ');
    expect(text).toContain('b is \ufffdslow');
    expect(historyAsText([], { colours: false })).toBe('Nothing was published yet.\n');
  });
});

describe('The diff of two texts', () => {
  it('reads as diff -u does', () => {
    const before = ['type Query {', '  a: Int', '  b: Int', '  c: Int', '  d: Int', '  e: Int', '}', ''].join('\n');
    const after = [
      'type Query {',
      '  a: Int',
      '  b: Int',
      '  x: Int',
      '  d: Int',
      '  e: Int',
      '}',
      'scalar Date',
      '',
    ].join('\n');
    expect(unifiedDiff(before, after)).toBe(`@@ -1,7 +1,8 @@
 type Query {
   a: Int
   b: Int
-  c: Int
+  x: Int
   d: Int
   e: Int
 }
+scalar Date
`);
    expect(unifiedDiff(before, before)).toBe('');
    expect(unifiedDiff('', 'a\nb\n')).toBe('@@ -0,0 +1,2 @@\n+a\n+b\n');
    expect(unifiedDiff('a\n', '')).toBe('@@ -1 +0,0 @@\n-a\n');
  });

  it('makes the one of the other, and is as short as can be, for whatever texts', async () => {
    const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 40 });
    await fc.assert(
      fc.property(texts, texts, (before, after) => {
        const told = unifiedDiff(asText(before), asText(after));
        expect(applied(before, told)).toEqual(after);
        const edits = told.split('\n').filter((line) => /^[-+]/.test(line)).length;
        expect(edits).toBe(before.length + after.length - 2 * longestCommon(before, after));
      }),
      { numRuns: 200 },
    );
  });

  it('tells what differs in too many lines as replaced', () => {
    const many = (mark: string) => Array.from({ length: 3_000 }, (_, at) => `${mark}${at}`);
    const [before, after] = [
      ['same', ...many('a'), 'end'],
      ['same', ...many('b'), 'end'],
    ];
    const told = unifiedDiff(asText(before), asText(after));
    expect(applied(before, told)).toEqual(after);
  });
});

const asText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** As `patch` would. */
function applied(before: readonly string[], told: string): readonly string[] {
  const after: string[] = [];
  let at = 0;
  for (const line of told.split('\n').slice(0, -1)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+/.exec(line);
    if (hunk) {
      const first = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1);
      while (at < first) after.push(before[at++]!);
    } else if (line.startsWith('+')) {
      after.push(line.slice(1));
    } else {
      expect(before[at++]).toBe(line.slice(1));
      if (line.startsWith(' ')) after.push(line.slice(1));
    }
  }
  return [...after, ...before.slice(at)];
}

/** How many lines the longest common subsequence has. */
function longestCommon(one: readonly string[], other: readonly string[]): number {
  let row: number[] = Array.from({ length: other.length + 1 }, () => 0);
  for (const line of one) {
    const next = [0];
    for (const [at, text] of other.entries())
      next.push(line === text ? row[at]! + 1 : Math.max(row[at + 1]!, next[at]!));
    row = next;
  }
  return row.at(-1)!;
}
