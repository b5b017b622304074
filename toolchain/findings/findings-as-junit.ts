import type { Finding } from './finding.js';
import { furtherLines, shownFile, shownPlace, withoutControls, type Telling } from './telling.js';

/**
 * JUnit's XML, as CI systems read it: one suite with a case for each finding. An error is a failed case; a warning or a
 * hint is a case that passed and printed something. Without findings there is one case that passed, because several CI
 * systems take a report without cases for a broken one.
 */
export async function findingsAsJunit(findings: readonly Finding[], telling: Telling): Promise<string> {
  const { title = 'stack' } = telling;
  const failures = findings.filter(({ severity }) => severity === 'error').length;
  const cases = findings.length
    ? findings.map((finding) => testCase(finding, title, telling.root))
    : [`    <testcase${attributes({ name: 'no findings', classname: title })}/>`];
  const counts = { tests: cases.length, failures, errors: 0 };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: title, ...counts })}>`,
    `  <testsuite${attributes({ name: title, ...counts, skipped: 0, time: 0 })}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(finding: Finding, title: string, root: string): string {
  const { severity, code, message, subgraph, place } = finding;
  const named = attributes({
    name: place ? `${code} ${shownPlace(place, root)}` : code,
    classname: subgraph === undefined ? title : `${title}.${subgraph}`,
    ...(place && { file: shownFile(place.file, root) }),
    ...(place?.line !== undefined && { line: place.line }),
  });
  const text = escapeXml([message, ...furtherLines(finding, root)].join('\n'));
  const body =
    severity === 'error'
      ? `<failure${attributes({ message, type: code })}>${text}</failure>`
      : `<system-out>${severity}: ${text}</system-out>`;
  return `    <testcase${named}>\n      ${body}\n    </testcase>`;
}

const attributes = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;')}"`)
    .join('');

// XML 1.0 has no way at all to write most control characters and lone surrogates.
const escapeXml = (text: string): string =>
  withoutControls(text.toWellFormed())
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
