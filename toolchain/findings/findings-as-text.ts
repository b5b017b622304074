import picocolors from 'picocolors';
import { codeFrame } from './code-frame.js';
import type { Finding } from './finding.js';
import { furtherLines, shownPlace, textOf, withoutControls, type Telling } from './telling.js';

/** For a terminal: severity, code and message, the place, a code frame, what else belongs to it, how to repair it. */
export async function findingsAsText(findings: readonly Finding[], telling: Telling): Promise<string> {
  const told = await Promise.all(findings.map((finding) => findingAsText(finding, telling)));
  return told.map((text) => `${text}\n`).join('\n');
}

async function findingAsText(finding: Finding, telling: Telling): Promise<string> {
  const { bold, dim, red, yellow, cyan } = picocolors.createColors(telling.colours);
  const { severity, code, message, subgraph, place } = finding;
  const colour = { error: red, warning: yellow, hint: cyan }[severity];
  const of = subgraph === undefined ? '' : ` (subgraph ${withoutControls(subgraph)})`;
  const lines = [`${colour(bold(severity))} ${bold(withoutControls(code))}: ${indented(message)}`];
  if (place) lines.push(`  at ${indented(shownPlace(place, telling.root))}${of}`);
  else if (of) lines.push(`  in${of.replace(/[()]/g, '')}`);
  const frame = await frameOf(finding, telling);
  if (frame)
    lines.push(
      '',
      ...frame.split('\n').map((line) => `  ${line.startsWith('>') || line.endsWith('^') ? line : dim(line)}`),
      '',
    );
  for (const line of furtherLines(finding, telling.root)) {
    const text = `  ${indented(line)}`;
    lines.push(line.startsWith('→') ? bold(text) : text);
  }
  return lines.join('\n').trimEnd();
}

const indented = (text: string): string => withoutControls(text).replace(/\n/g, '\n  ');

async function frameOf({ place }: Finding, telling: Telling): Promise<string | null> {
  if (place?.line === undefined) return null;
  const text = await textOf(place, telling);
  return text === null ? null : codeFrame(text, place.line, place.column);
}
