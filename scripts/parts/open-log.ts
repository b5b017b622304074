import { pino, type DestinationStream, type Logger } from 'pino';
import { lineWriter } from './line-writer.js';
import { withoutValues } from './without-values.js';

/** One for the process, however many logs it opens. */
let standardError: DestinationStream | null = null;

/**
 * JSON lines, on standard error unless told. Of an error they have what it is, what it says, its code, where it was thrown
 * and what caused it, and nothing else that was put on it: drivers put rows and documents there, which are some tenant's.
 * No code writes a secret or a person's name or address into the log; what is called like one is hidden all the same.
 * `base`: on each line.
 */
export function openLog(
  level: string,
  base?: Readonly<Record<string, string>>,
  to: DestinationStream = (standardError ??= lineWriter(2)),
): Logger {
  return pino({ level, ...(base && { base }), serializers: { err: errorInLog }, formatters: { log: redacted } }, to);
}

function errorInLog(thrown: unknown): unknown {
  // Of an object only its kind: its own toString may show what it holds, or throw.
  if (typeof thrown === 'object' && !(thrown instanceof Error))
    return { type: 'object', message: Object.prototype.toString.call(thrown) };
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: withoutValues(String(thrown)) };
  const { type, message, stack, code } = pino.stdSerializers.err(thrown); // with the texts of its causes
  return {
    type,
    message: withoutValues(message),
    stack: withoutValues(stack),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(thrown instanceof AggregateError && { aggregateErrors: thrown.errors.map(errorInLog) }),
  };
}

const SECRET =
  /^(?:(?:set-)?cookie|totp|e-?mail|login|username|display-?name)$|authori[sz]ation|password|passphrase|secret|token|api-?key|credentials|private-?key/i;
/** Below the line itself. What is deeper than anything that we write is not looked at, and not written either. */
const LEVELS = 4;
/** Names are code's, or at most an object's that a product writes. */
const MOST_NAMES = 10_000;
const isSecret = new Map<string, boolean>();

/**
 * Half a microsecond for the line of a request. Pino's own `redact` took 26 with the same names at two levels, and 60 at
 * three: it copies what it looks into.
 */
const redacted = (line: Record<string, unknown>): Record<string, unknown> =>
  hidesNothing(line, LEVELS) ? line : (withoutSecrets(line, LEVELS) as Record<string, unknown>);

function hidesNothing(value: object, levels: number): boolean {
  for (const name in value) {
    const held = (value as Record<string, unknown>)[name];
    if (isTelling(held) && namesSecret(name)) return false;
    if (isLookedInto(held) && (levels === 0 || !hidesNothing(held, levels - 1))) return false;
  }
  return true;
}

function withoutSecrets(value: object, levels: number): unknown {
  if (levels < 0) return '[too deep]';
  if (Array.isArray(value))
    return value.map((held: unknown) => (isLookedInto(held) ? withoutSecrets(held, levels - 1) : held));
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [
      name,
      isTelling(held) && namesSecret(name) ? '[hidden]' : isLookedInto(held) ? withoutSecrets(held, levels - 1) : held,
    ]),
  );
}

/** How many tokens something has is no secret. */
const isTelling = (value: unknown): boolean =>
  typeof value === 'string' || (typeof value === 'object' && value !== null);

function namesSecret(name: string): boolean {
  let known = isSecret.get(name);
  if (known === undefined) {
    known = SECRET.test(name);
    if (isSecret.size < MOST_NAMES) isSecret.set(name, known);
  }
  return known;
}

/** Errors have a serializer, and whatever says itself how it is written (a date) is asked. */
const isLookedInto = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !(value instanceof Error) && !('toJSON' in value);
