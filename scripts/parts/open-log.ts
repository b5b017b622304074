import { pino, type DestinationStream, type Logger } from 'pino';

/**
 * JSON lines, on standard error unless told. Of an error they have what it is, what it says, its code, where it was thrown
 * and what caused it, and nothing else that was put on it: drivers put rows and documents there, which are some tenant's.
 * `base`: on each line.
 */
export function openLog(
  level: string,
  base?: Readonly<Record<string, string>>,
  to: DestinationStream = pino.destination(2),
): Logger {
  return pino({ level, ...(base && { base }), serializers: { err: errorInLog } }, to);
}

function errorInLog(thrown: unknown): unknown {
  // Of an object only its kind: its own toString may show what it holds, or throw.
  if (typeof thrown === 'object' && !(thrown instanceof Error))
    return { type: 'object', message: Object.prototype.toString.call(thrown) };
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: String(thrown) };
  const { type, message, stack, code } = pino.stdSerializers.err(thrown); // with the texts of its causes
  return {
    type,
    message,
    stack,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(thrown instanceof AggregateError && { aggregateErrors: thrown.errors.map(errorInLog) }),
  };
}
