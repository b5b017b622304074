import type { AnswerSeen } from '../extensions/gateway-extension.js';

/** What callers are told who may not have what they ask for. */
const REFUSALS: ReadonlySet<unknown> = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_ENTITLED']);

/** Nothing that was asked for was given, and only because the caller may not have it. */
export const wasRefused = ({ errors, data, passedThrough }: AnswerSeen): boolean =>
  errors.length > 0 &&
  errors.every(({ extensions }) => REFUSALS.has(extensions?.['code'])) &&
  !passedThrough &&
  (data === null || !holdsData(JSON.parse(String(data))));

/** An empty list is an answer, too. `__typename` says nothing that the schema does not say. */
function holdsData(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value !== null;
  if (Array.isArray(value)) return value.length === 0 || value.some(holdsData);
  return Object.entries(value).some(([name, given]) => name !== '__typename' && holdsData(given));
}
