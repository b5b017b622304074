import { counted } from './counted.js';
import type { Finding } from './finding.js';
import { findingsAsGithub } from './findings-as-github.js';
import { findingsAsJunit } from './findings-as-junit.js';
import { findingsAsMarkdown } from './findings-as-markdown.js';
import { findingsAsText } from './findings-as-text.js';
import { shownFile, type Telling } from './telling.js';

export { findingsAsGithub, findingsAsJunit, findingsAsMarkdown, findingsAsText };
export type { Telling };

const TELLERS = {
  text: findingsAsText,
  github: findingsAsGithub,
  junit: findingsAsJunit,
  markdown: findingsAsMarkdown,
} as const;

export type FindingFormat = keyof typeof TELLERS;

/** What `--format` takes. */
export const FINDING_FORMATS = Object.keys(TELLERS) as readonly FindingFormat[];

/** The findings as `--format` asks for them. */
export const tellFindings = (format: FindingFormat, findings: readonly Finding[], telling: Telling): Promise<string> =>
  TELLERS[format](findings, telling);

/** The findings for `--json`: as they are, files named relative to the root. */
export const findingsAsData = (findings: readonly Finding[], root: string): readonly Finding[] =>
  findings.map((finding) => ({
    ...finding,
    ...(finding.place && { place: { ...finding.place, file: shownFile(finding.place.file, root) } }),
    ...(finding.alsoAt && { alsoAt: finding.alsoAt.map((place) => ({ ...place, file: shownFile(place.file, root) })) }),
  }));

/** `2 errors, 1 hint`; `no findings`. */
export function countFindings(findings: readonly Finding[]): string {
  const counts = (['error', 'warning', 'hint'] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [counted(count, severity)];
  });
  return counts.join(', ') || 'no findings';
}
