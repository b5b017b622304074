import {
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import type { StackEvent } from '@inevitable/contract';
import { z } from 'zod';
import type { Bounds } from '../kept-events.js';

/** Of the NATS account the stack signs in to: two stacks on one server need two accounts. */
export const STREAM = 'INEVITABLE_EVENTS';
const SUBJECT = 'inevitable.events';
export const SUBJECTS = `${SUBJECT}.>`;

/** How much the server keeps for those who come back, and each process beside it. */
export const KEPT: Bounds = { events: 20_000, bytes: 16 * 1024 * 1024 };
export const KEPT_MS = 10 * 60_000;

/** The stream exists, and is not ours. */
export class ForeignStream extends Error {}

/** Makes the stream where it is missing. One that is there keeps the limits and replicas an operator gave it. */
export async function ensureStream({ streams }: JetStreamManager): Promise<StreamInfo> {
  const stream = await streams.info(STREAM).catch((error: unknown) => {
    if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error;
    return streams.add({
      name: STREAM,
      subjects: [SUBJECTS],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_age: nanos(KEPT_MS),
      max_msgs: KEPT.events,
      max_bytes: KEPT.bytes,
      duplicate_window: nanos(KEPT_MS),
    });
  });
  if (!stream.config.subjects?.includes(SUBJECTS))
    throw new ForeignStream(`its stream ${STREAM} holds other subjects than ${SUBJECTS}`);
  return stream;
}

const PLAIN_NAME = /^[\w-]+(\.[\w-]+)*$/;
const LONGEST_NAME = 200;

/**
 * Where an event is published. Subjects are for people and permissions: who hears an event is decided by the name in
 * its body. A name that could be read as a wildcard, or is too long for the protocol, is therefore left out.
 */
export const subjectOf = (name: string): string =>
  PLAIN_NAME.test(name) && name.length <= LONGEST_NAME ? `${SUBJECT}.${name}` : `${SUBJECT}._`;

const stackEvent = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  tenantId: z.string().nullable(),
  aggregate: z.string(),
  payload: z.unknown(),
  occurredAt: z.string(),
  correlationId: z.string(),
  trace: z.string().nullish(), // those of an older part have none
}) satisfies z.ZodType<StackEvent>;

export const encodeEvent = (event: StackEvent): string => JSON.stringify(event);

/** null: something else than an event was published on our subjects. */
export function decodeEvent(bytes: Uint8Array): StackEvent | null {
  try {
    return stackEvent.safeParse(JSON.parse(Buffer.from(bytes).toString())).data ?? null;
  } catch {
    return null;
  }
}
