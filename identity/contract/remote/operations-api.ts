import { z } from 'zod';
import { LATENCY_BUCKETS } from '../latency-histogram.js';
import type { PublishedSupergraphs } from '../ports/published-supergraphs.js';
import type { TrafficPort } from '../ports/traffic-port.js';
import type { UsagePort } from '../ports/usage-port.js';
import { operation } from './peer-operation.js';

/** Everything a gateway asks of operations. Objects in one process, one HTTP client apart. */
export interface OperationsPorts {
  readonly registry: PublishedSupergraphs;
  readonly usage: UsagePort;
  readonly traffic: TrafficPort;
}

/** Entries of one request. */
export const LARGEST_USAGE_BATCH = 10_000;
/** Of one request to operations, in bytes. */
export const LARGEST_OPERATIONS_BODY = 20_000_000;
/** Of the operations of a minute that are not told apart; each other one has fewer. */
export const MOST_FETCHES_OF_A_MINUTE = 5_000;
/** The end of the year 9999, epoch milliseconds. */
const LATEST = 253_402_297_200_000;
/** Milliseconds. */
export const LONGEST_SUPERGRAPH_WAIT = 30_000;

/** Shapes and sizes alone: what of it can be kept is the store's to say, so that one odd entry does not cost the others. */
const operationUsage = z.object({
  signature: z.string().max(200),
  operationName: z.string().max(8_192).nullable(),
  document: z.string().max(8_192),
  inputs: z.array(z.string().max(65_536)).max(1_000),
  client: z.object({ name: z.string().max(1_000).nullable(), version: z.string().max(1_000).nullable() }),
  plan: z.string().max(1_000).nullable(),
  hour: z.number(),
  count: z.number(),
  errors: z.number(),
  totalMs: z.number(),
});

/** More than any year has; what a column holds is not reached by adding such counts up. */
const count = z.int().nonnegative().max(1e12);
const sum = z.number().nonnegative().max(1e15);
const subgraph = z.string().min(1).max(200);

const latency = z
  .object({
    buckets: z
      .array(
        z
          .int()
          .nonnegative()
          .max(LATENCY_BUCKETS - 1),
      )
      .max(LATENCY_BUCKETS),
    counts: z.array(count).max(LATENCY_BUCKETS),
    totalMs: sum,
    maxMs: sum,
  })
  .refine(({ buckets, counts }) => buckets.length === counts.length, { error: 'must have a count for each bucket' });

const operationTraffic = z.object({
  signature: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
  name: z
    .string()
    .regex(/^[_A-Za-z][_0-9A-Za-z]{0,99}$/)
    .nullable(),
  forTenants: z.boolean(),
  count,
  errors: count,
  refused: count,
  cost: sum,
  latency,
  fetches: z
    .array(z.object({ subgraph, type: z.string().min(1).max(1_000).nullable(), fetches: count, entities: count }))
    .max(MOST_FETCHES_OF_A_MINUTE),
});

const trafficMinute = z.object({
  minute: z.int().nonnegative().max(LATEST),
  requests: z.object({ answered: count, errors: count, refused: count, failed: count, left: count }),
  latency,
  operations: z.array(operationTraffic).max(1_000),
  subgraphs: z
    .array(z.object({ subgraph, fetches: count, failed: count, shared: count, bytes: sum, latency }))
    .max(1_000),
});

/**
 * `POST /internal/v1/<operation>` with a JSON body, answered with JSON; bearer: a service assertion for `operations`. Only
 * gateways may ask. Client and server are both made from this table, so they cannot disagree.
 */
export const operationsApi = {
  /** A long poll: answers at once when another version than `after` is current, else when one becomes so, or with null. */
  supergraph: operation(
    z.object({ after: z.string().max(200).nullable(), waitMs: z.int().nonnegative().max(LONGEST_SUPERGRAPH_WAIT) }),
    z.object({
      version: z.object({ id: z.string(), sdl: z.string(), number: z.int().positive() }).nullable(),
    }),
  ),
  usage: operation(
    z.object({
      batch: z.array(operationUsage).max(LARGEST_USAGE_BATCH),
      /** Others were sent of which nothing is known. */
      leftOut: z.boolean().optional(),
    }),
    z.object({}),
  ),
  traffic: operation(
    z.object({
      gateway: z.uuid(),
      number: z.int().positive(),
      lost: count,
      minutes: z.array(trafficMinute).max(10),
    }),
    z.object({}),
  ),
} as const;

export type OperationsOperation = keyof typeof operationsApi;
export type OperationsInput<Name extends OperationsOperation> = z.output<(typeof operationsApi)[Name]['input']>;
export type OperationsOutput<Name extends OperationsOperation> = z.output<(typeof operationsApi)[Name]['output']>;

/** The service name of operations: the audience of assertions made for it. */
export const OPERATIONS_AUDIENCE = 'operations';
