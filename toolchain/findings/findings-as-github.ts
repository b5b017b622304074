import type { Finding } from './finding.js';
import { furtherLines, isUrl, shownFile, shownPlace, withoutControls, type Telling } from './telling.js';

const COMMANDS = { error: 'error', warning: 'warning', hint: 'notice' } as const;

/** Workflow commands of GitHub Actions: annotations beside the lines of a pull request. A line for each finding. */
export async function findingsAsGithub(findings: readonly Finding[], { root }: Telling): Promise<string> {
  return findings.map((finding) => `${annotation(finding, root)}\n`).join('');
}

function annotation(finding: Finding, root: string): string {
  const { severity, code, message, subgraph, place } = finding;
  const elsewhere = place && isUrl(place.file); // an annotation can be only beside a file of the repository
  const properties = {
    ...(place && !elsewhere && { file: shownFile(place.file, root), line: place.line, col: place.column }),
    title: subgraph === undefined ? code : `${code} (subgraph ${subgraph})`,
  };
  const told = Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${escapeProperty(withoutControls(String(value)))}`],
  );
  const lines = [...(elsewhere ? [`at ${shownPlace(place, root)}`] : []), message, ...furtherLines(finding, root)];
  return `::${COMMANDS[severity]} ${told.join(',')}::${escapeData(withoutControls(lines.join('\n')))}`;
}

// As the runner unescapes them: `escapeData` and `escapeProperty` of actions/toolkit, packages/core/src/command.ts.
const escapeData = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const escapeProperty = (text: string): string => escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
