import { OperationTypeNode } from 'graphql';
import type { IdentifiedOperation } from '../pipeline/identify-operation.js';
import type { ReceivedOperation } from '../pipeline/receive.js';
import { CallerShares } from './caller-shares.js';
import { refusedForNow } from './refused-for-now.js';

const MIB = 1_048_576;
/** All that one caller may have waiting of what is no larger (protection.concurrency) takes less than its share. */
const SMALL_BYTES = 4_096;
const RETRY_AFTER_SECONDS = 5;

/** Of this process: its memory is one, however many gateways are in it. A megabyte of empty objects takes 24 of them. */
const shares = new CallerShares({ all: 192 * MIB, one: 48 * MIB }, { all: 64 * MIB, one: 32 * MIB });

/**
 * Counts what an operation keeps in memory until its answer, or its subscription, has ended: its variables may take twenty
 * times as much there as in the request. Throws `RefusedForNow` where its caller has too much of that already.
 */
export function holdInput({ facts }: ReceivedOperation, { context, operation, variables }: IdentifiedOperation): void {
  const { inputBytes } = facts;
  if (inputBytes <= SMALL_BYTES && operation.definition.operation !== OperationTypeNode.SUBSCRIPTION) return;
  // As it came, as text, and as values.
  const held = shares.take(context, 2 * inputBytes + heapBytes(variables));
  if (held === 'own')
    throw refusedForNow({
      code: 'RATE_LIMITED',
      message: 'Too much of what you have sent is kept here until it is answered. Send less at once.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      details: { limit: 'memory' },
    });
  if (held === 'all')
    throw refusedForNow({
      code: 'OVERLOADED',
      message: 'Too many large requests are being answered here.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  facts.hold(held);
}

/** What V8 takes on 64 bits, as `JSON.parse` makes them. Of an object's names each may be in no other object. */
const STRING_BYTES = 24;
const ARRAY_BYTES = 48;
const OBJECT_BYTES = 56;
const ITEM_BYTES = 8;
const MEMBER_BYTES = 64;

/** About what a value of JSON takes. */
export function heapBytes(value: unknown): number {
  if (typeof value === 'string') return STRING_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let bytes: number;
  if (Array.isArray(value)) {
    bytes = ARRAY_BYTES + ITEM_BYTES * value.length;
    for (const item of value) bytes += heapBytes(item);
    return bytes;
  }
  bytes = OBJECT_BYTES;
  for (const name in value) bytes += MEMBER_BYTES + name.length + heapBytes((value as Record<string, unknown>)[name]);
  return bytes;
}
