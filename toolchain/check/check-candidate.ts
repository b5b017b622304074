import type { RecordedUsage } from '@inevitable/contract';
import { apiSchemaOf } from '@inevitable/gateway';
import { extendSchema, parse, type GraphQLSchema } from 'graphql';
import type { Finding, Severity } from '../findings/finding.js';
import { byFrequency } from './affected.js';
import type { AccessChange, CheckReport, PlansCompared, UsageSeen } from './check-report.js';
import { comparePlans } from './compare-plans.js';
import {
  accessFinding,
  brokenFinding,
  changeFinding,
  fileFinding,
  leftOutFinding,
  regressionFinding,
} from './findings-of-check.js';
import { judgeAccess } from './judge-access.js';
import { judgeChanges, type JudgedChanges } from './judge-changes.js';
import type { KnownOperation } from './known-operation.js';
import { recordedOperations } from './recorded-operations.js';
import { definitionPlaces, type CheckedSubgraph } from './definition-places.js';
import { indexOperations, inTurns, validity, type OperationIndex } from './operation-index.js';
import { replannedFields } from './replanned-fields.js';
import { verdictOf } from './verdict-of.js';

/** A supergraph and what it was composed of. */
export interface CheckedSupergraph {
  readonly supergraphSdl: string;
  readonly subgraphs: readonly CheckedSubgraph[];
}

export interface CheckInput {
  /** Null: it does not compose, and `composition` says why. */
  readonly candidate: CheckedSupergraph | null;
  /** What the composer has to say of the candidate; handed through. */
  readonly composition: readonly Finding[];
  /** What the candidate would replace; null: nothing yet, and no change can break anybody. */
  readonly base: CheckedSupergraph | null;
  readonly usage: {
    /** What gateways recorded; null: it is not asked. */
    readonly recorded: RecordedUsage | null;
    /** How far back, in days. */
    readonly days: number;
    /** Operations of files. */
    readonly operations: readonly KnownOperation[];
  };
  /** How bad a plan is that got worse: a `warning` unless told. `off`: plans are not compared. */
  readonly planRegressions?: PlanRegressionSeverity;
  /** No plan is begun after so long; 40 s unless told. The least used operations are left out. */
  readonly longestPlanningMs?: number;
  /** Hears what is being done: `step` in a few words, `done` of `total` where it is known. Called often. */
  readonly progress?: (step: string, done?: number, total?: number) => void;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

export type PlanRegressionSeverity = 'error' | 'warning' | 'off';

const LONGEST_PLANNING_MS = 40_000;

/**
 * What a change of the supergraph does to those who use it: every change of the API schema and of who may see what, judged
 * by the operations that are known, and plans that got worse. Nothing is read but what `usage.recorded` answers; it rejects as that does.
 */
export async function checkCandidate(input: CheckInput): Promise<CheckReport> {
  const { candidate, base, composition, usage, planRegressions = 'warning', progress = () => undefined } = input;
  if (!candidate || !base) return reportOf(input, { composition });

  progress('reading recorded operations');
  const recorded = usage.recorded
    ? await recordedOperations(usage.recorded, usage.days, (count) => progress('reading recorded operations', count))
    : [];
  const since = (await usage.recorded?.since()) ?? null;
  const unknownUntil = within(usage.days, (await usage.recorded?.leftOut()) ?? null);
  const operations = [...recorded, ...usage.operations];

  const schemas = { base: apiSchemaOf(base.supergraphSdl), candidate: apiSchemaOf(candidate.supergraphSdl) };
  const index = await indexOperations(
    operations,
    schemas.base,
    (done, total) => progress('reading operations', done, total),
    unknownUntil === null,
  );
  const onBase = validity(withDefer(schemas.base));
  const onCandidate = validity(withDefer(schemas.candidate));
  progress('comparing schemas');
  const validities = { onBase, onCandidate };
  const places = { base: definitionPlaces(base.subgraphs), candidate: definitionPlaces(candidate.subgraphs) };
  const validating = (done: number, total: number): void => progress('validating operations', done, total);
  const judged = await judgeChanges(schemas, index, validities, places, validating);
  const sdls = { base: base.supergraphSdl, candidate: candidate.supergraphSdl };
  const access = await judgeAccess(sdls, schemas, index, validities, places, validating);
  const plans =
    planRegressions === 'off'
      ? NO_PLANS
      : await plansCompared({ ...input, base, candidate }, index, (operation) =>
          [onBase, onCandidate].every((reasonsOf) => reasonsOf(operation).length === 0),
        );

  const unfit = usage.operations.filter(
    (operation) => onCandidate(operation).length > 0 && onBase(operation).length > 0,
  );
  return reportOf(input, {
    composition,
    judged,
    access,
    plans,
    seen: {
      operations: operations.length - index.unreadable.length,
      recorded: recorded.length,
      fromFiles: usage.operations.length,
      days: usage.days,
      since: since?.toISOString() ?? null,
      unknownUntil: unknownUntil?.toISOString() ?? null,
      leftOut: new Set([...index.unreadable, ...judged.brokenBefore, ...unfit]).size,
    },
    unfit: unfit.map((operation) => fileFinding(operation, onCandidate(operation))),
  });
}

const DAY_MS = 86_400_000;

const within = (days: number, at: Date | null): Date | null =>
  at !== null && at.getTime() > Date.now() - days * DAY_MS ? at : null;

/** The gateway knows @defer, though no subgraph declares it. */
const withDefer = (schema: GraphQLSchema): GraphQLSchema =>
  schema.getDirective('defer') ? schema : extendSchema(schema, DEFER, { assumeValid: true, assumeValidSDL: true });

const DEFER = parse('directive @defer(if: Boolean! = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT');

const NO_PLANS: PlansCompared = { compared: false, planned: 0, untouched: 0, outOfTime: 0, regressions: [] };

async function plansCompared(
  {
    base,
    candidate,
    longestPlanningMs = LONGEST_PLANNING_MS,
    progress = () => undefined,
    now = () => performance.now(),
  }: CheckInput & { readonly base: CheckedSupergraph; readonly candidate: CheckedSupergraph },
  index: OperationIndex,
  isValid: (operation: KnownOperation) => boolean,
): Promise<PlansCompared> {
  progress('comparing plans');
  const touched = index.using(replannedFields(base.supergraphSdl, candidate.supergraphSdl));
  const valid: KnownOperation[] = [];
  await inTurns(
    touched,
    () => undefined,
    (operation) => void (isValid(operation) && valid.push(operation)),
  );
  const { planned, outOfTime, regressions } = await comparePlans({
    base: base.supergraphSdl,
    candidate: candidate.supergraphSdl,
    operations: valid.sort(filesFirst),
    longestMs: longestPlanningMs,
    progress: (done, total) => progress('comparing plans', done, total),
    now,
  });
  const known = index.operations.length - index.unreadable.length;
  return { compared: true, planned, untouched: known - touched.length, outOfTime, regressions };
}

/** Whoever names a file asks for it; how often it is sent nobody knows. */
const filesFirst = (left: KnownOperation, right: KnownOperation): number =>
  Number(right.place !== null) - Number(left.place !== null) || byFrequency(left, right);

interface Gathered {
  readonly composition: readonly Finding[];
  readonly judged?: JudgedChanges;
  readonly access?: readonly AccessChange[];
  readonly plans?: PlansCompared;
  readonly seen?: UsageSeen;
  /** Operations of files that fit neither side. */
  readonly unfit?: readonly Finding[];
}

function reportOf(
  { candidate, base, usage, planRegressions = 'warning' }: CheckInput,
  { composition, judged, access = [], plans = NO_PLANS, seen, unfit = [] }: Gathered,
): CheckReport {
  const { changes = [], unexplained = [] } = judged ?? {};
  const known = seen ?? {
    operations: 0,
    recorded: 0,
    fromFiles: usage.operations.length,
    days: usage.days,
    since: null,
    unknownUntil: null,
    leftOut: 0,
  };
  const findings = [
    ...composition,
    ...changes.flatMap((change) => changeFinding(change, known)),
    ...unexplained.map(brokenFinding),
    ...access.map((change) => accessFinding(change, known)),
    ...(planRegressions === 'off' ? [] : plans.regressions.map((one) => regressionFinding(one, planRegressions))),
    ...(plans.outOfTime > 0 ? [leftOutFinding(plans)] : []),
    ...unfit,
  ].toSorted((left, right) => SEVERITIES.indexOf(left.severity) - SEVERITIES.indexOf(right.severity));
  const report = { findings, changes, unexplained, access, usage: known, plans };
  return {
    format: 1,
    passed: findings.every(({ severity }) => severity !== 'error'),
    verdict: verdictOf(report, { composes: candidate !== null, hasBase: base !== null }),
    ...report,
  };
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'hint'];
