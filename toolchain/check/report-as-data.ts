import type { Place } from '../findings/finding.js';
import { findingsAsData } from '../findings/tell-findings.js';
import { shownFile } from '../findings/telling.js';
import type { CheckReport } from './check-report.js';

/** The report for `--json`: as it is, files named relative to the root. */
export function reportAsData(report: CheckReport, root: string): CheckReport {
  const shown = <Placed extends { readonly place: Place | null }>(one: Placed): Placed => ({
    ...one,
    place: one.place && { ...one.place, file: shownFile(one.place.file, root) },
  });
  return {
    ...report,
    findings: findingsAsData(report.findings, root),
    changes: report.changes.map((change) => ({
      ...shown(change),
      affected: { ...change.affected, operations: change.affected.operations.map(shown) },
    })),
    unexplained: report.unexplained.map(shown),
    access: report.access.map((change) => ({
      ...shown(change),
      affected: { ...change.affected, operations: change.affected.operations.map(shown) },
    })),
    plans: { ...report.plans, regressions: report.plans.regressions.map(shown) },
  };
}
