import type { Requirement } from '@inevitable/gateway';
import type { Finding, Place, Severity } from '../findings/finding.js';

/**
 * What `stack check` found. Plain data: `stack check --json` prints it as it is, with dates as ISO 8601. Fields are added
 * to it, and never change their meaning; `format` grows when that must happen.
 */
export interface CheckReport {
  readonly format: 1;
  /** False: at least one finding is an error. */
  readonly passed: boolean;
  /** The outcome in one sentence. */
  readonly verdict: string;
  /** Everything below in the one shape of all commands: composition, changes, operations, access, plans. Errors first. */
  readonly findings: readonly Finding[];
  /** Every change of the API schema, errors first; empty when the candidate does not compose. */
  readonly changes: readonly JudgedChange[];
  /** Operations that are valid on the base and not on the candidate, and that no change above explains. */
  readonly unexplained: readonly BrokenOperation[];
  /** Where callers need something else than before to get an answer; warnings first. */
  readonly access: readonly AccessChange[];
  readonly usage: UsageSeen;
  readonly plans: PlansCompared;
}

/** A change of the API schema, judged by who uses what it changes. */
export interface JudgedChange {
  /** The change's type as `@graphql-inspector/core` calls it: `FIELD_REMOVED`. */
  readonly code: string;
  /** `Type.field`, `Type.field.argument`, `Enum.VALUE`, `Input.field`, `Type`, `@directive`; null for the schema's own. */
  readonly coordinate: string | null;
  readonly criticality: 'breaking' | 'dangerous' | 'compatible';
  /**
   * A breaking change is an `error` where somebody uses what it breaks or nobody's use is known, else a `warning`. A
   * dangerous one is a `warning` where somebody may notice, else a `hint`. Null: compatible.
   */
  readonly severity: Severity | null;
  readonly message: string;
  /** The candidate's subgraph and the place of its definition, or of the type that lost it; where it can be found. */
  readonly subgraph: string | null;
  readonly place: Place | null;
  /** Operations that break, or of a dangerous change those that may notice. */
  readonly affected: Affected;
}

/** Operations and whoever sends them. */
export interface Affected {
  /** How many operations there are. */
  readonly count: number;
  /** The most frequent of them, at most 100. */
  readonly operations: readonly AffectedOperation[];
  /** Who sent all of them, added up by name and version: the most frequent, at most 100. */
  readonly clients: readonly AffectedClient[];
}

export interface AffectedOperation {
  readonly name: string | null;
  /** Of a recorded operation. */
  readonly signature: string | null;
  /** Of an operation in a file. */
  readonly place: Place | null;
  readonly count: number;
  readonly lastSeen: string | null;
}

export interface AffectedClient {
  readonly name: string | null;
  readonly version: string | null;
  /** Of the tenants it was sent for, sorted; a caller of no tenant has none. */
  readonly plans: readonly string[];
  readonly count: number;
  /** When the last of its affected operations was seen, by whomever. ISO 8601. */
  readonly lastSeen: string;
}

export interface BrokenOperation extends AffectedOperation {
  readonly clients: readonly AffectedClient[];
  /** Why it is not valid any more: what graphql-js says, at most three of its sentences. */
  readonly reasons: readonly string[];
}

/**
 * Who may see something is not who it was: `@authenticated`, `@requiresScopes` and `@policy`, as the supergraphs have them.
 * A requirement that only moved, or that was there already for every field it concerns, is none.
 */
export interface AccessChange {
  readonly code: 'ACCESS_REQUIREMENT_ADDED' | 'ACCESS_REQUIREMENT_CHANGED' | 'ACCESS_REQUIREMENT_REMOVED';
  /** Where the requirement stands, `Type` or `Type.field`; else the field that has it from what it answers with. */
  readonly coordinate: string;
  /**
   * A `warning` where somebody uses what needs more now or nobody's use is known, and where something is open to everybody
   * now. Else a `hint`. Never an error: the callers may have what is needed.
   */
  readonly severity: 'warning' | 'hint';
  readonly message: string;
  /** What callers had to meet, all of it; empty: it was open. */
  readonly before: readonly Requirement[];
  /** Empty: it is open. */
  readonly after: readonly Requirement[];
  /** The candidate's subgraph that changed it, and the place of its definition there; where it can be found. */
  readonly subgraph: string | null;
  readonly place: Place | null;
  /** Operations that need more of their callers; where nothing needs more, those that need less. */
  readonly affected: Affected;
}

/** What the judgement is based on. */
export interface UsageSeen {
  /** Operations that were judged. 0: nothing is known, and every breaking change counts as used. */
  readonly operations: number;
  readonly recorded: number;
  readonly fromFiles: number;
  /** How far back the recorded ones go. */
  readonly days: number;
  /** When recording began, as far as it is still known. ISO 8601. */
  readonly since: string | null;
  /**
   * When in these days an operation was last sent of which nothing is known, for want of room; every breaking change counts as
   * used then. Null: there was none. ISO 8601.
   */
  readonly unknownUntil: string | null;
  /** Known, and left out: they cannot be parsed, or are affected by a change and not valid on the base either. */
  readonly leftOut: number;
}

export interface PlansCompared {
  /** False: they were not to be compared, or there was nothing to compare with. */
  readonly compared: boolean;
  /** Operations that were planned on both supergraphs. */
  readonly planned: number;
  /** Operations that touch nothing of which the plan could change. */
  readonly untouched: number;
  /** Operations that were left out because time was up, the least used ones. */
  readonly outOfTime: number;
  readonly regressions: readonly PlanRegression[];
}

/** An operation of which the plan got worse. */
export interface PlanRegression extends AffectedOperation {
  readonly clients: readonly AffectedClient[];
  readonly before: PlanSize;
  /** Null: the candidate has no plan for it; `reason` says why. */
  readonly after: PlanSize | null;
  readonly reason: string | null;
}

export interface PlanSize {
  /** Requests to subgraphs. */
  readonly fetches: number;
  /** The longest chain of requests of which each waits for the one before. */
  readonly depth: number;
}
