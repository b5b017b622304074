import type { OperationUsage } from '@inevitable/contract';
import { isSignature } from './is-signature.js';

/** What of an entry can be kept, as the store's statements read it from JSON. */
export interface StorableUsage {
  readonly operation: {
    readonly signature: string;
    readonly operationName: string | null;
    readonly document: string;
    /** False: it was sent by a caller of no tenant. */
    readonly sentForTenants: boolean;
  };
  readonly inputs: readonly string[];
  /** '' where the client or the plan is not known. */
  readonly hour: {
    readonly signature: string;
    /** Epoch milliseconds. */
    readonly hour: number;
    readonly clientName: string;
    readonly clientVersion: string;
    readonly plan: string;
    readonly count: number;
    readonly errors: number;
    readonly totalMs: number;
  };
}

const NAME = /^[_A-Za-z][_0-9A-Za-z]{0,99}$/;
/** What clients' names, their versions and plans are made of: nothing that means anything to a terminal, or in the log of a CI. */
const NOT_PLAIN = /[^A-Za-z0-9 ._\-/@+()]/g;
const COORDINATE = /^[_A-Za-z][_0-9A-Za-z]*\.[_A-Za-z][_0-9A-Za-z]*$/;
const HOUR_MS = 3_600_000;
/** The end of the year 9999. */
const LATEST_HOUR = 253_402_297_200_000;
/** Characters; a gateway records no longer document. */
const LONGEST_DOCUMENT = 8_192;
/** Of requests, errors or milliseconds within an hour: what a column holds is not reached by adding these up. */
const MOST = 1e12;
const LONGEST_NAME = 100;
const MOST_INPUTS = 200;

/** Null: a gateway wrote no such thing, and PostgreSQL may refuse it with the whole batch. */
export function storableUsage(usage: OperationUsage): StorableUsage | null {
  const { signature, operationName, document, inputs, client, plan, hour, count, errors, totalMs } = usage;
  if (!isSignature(signature) || !isStorable(document) || document.length > LONGEST_DOCUMENT) return null;
  if (!Number.isInteger(hour) || hour < 0 || hour > LATEST_HOUR) return null;
  if (!isCount(count) || !isCount(errors) || count === 0 || !(totalMs >= 0 && totalMs <= MOST)) return null;
  const storedPlan = storableName(plan);
  return {
    operation: {
      signature,
      operationName: operationName !== null && NAME.test(operationName) ? operationName : null,
      document,
      sentForTenants: storedPlan !== '',
    },
    inputs: inputs.filter((coordinate) => COORDINATE.test(coordinate)).slice(0, MOST_INPUTS),
    hour: {
      signature,
      hour: hour - (hour % HOUR_MS),
      clientName: storableName(client.name),
      clientVersion: storableName(client.version),
      plan: storedPlan,
      count,
      errors,
      totalMs,
    },
  };
}

const isCount = (count: number): boolean => Number.isInteger(count) && count >= 0 && count <= MOST;

/** PostgreSQL takes neither NUL nor half surrogate pairs. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

const storableName = (name: string | null): string =>
  (name ?? '')
    .slice(0, 10 * LONGEST_NAME)
    .replace(NOT_PLAIN, '')
    .trim()
    .slice(0, LONGEST_NAME)
    .trimEnd();
