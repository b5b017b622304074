import { z } from 'zod';

/** The stack cannot be asked how it is, or does not tell; the message is one sentence that says why. */
export class StatusUnavailable extends Error {}

/** Milliseconds. */
const ANSWER_WITHIN_MS = 30_000;

const latency = z.object({ p50: z.number().nullable(), p99: z.number().nullable(), max: z.number().nullable() });
const operation = z.object({
  signature: z.string().nullable(),
  name: z.string().nullable(),
  count: z.number(),
  errors: z.number(),
  share: z.number(),
  latency,
});
const status = z.object({
  ready: z.boolean(),
  parts: z.array(z.object({ name: z.string(), ready: z.boolean(), reason: z.string().nullable() })),
  jobs: z.object({ waiting: z.number(), running: z.number(), failed: z.number() }),
  traffic: z
    .object({
      knownSince: z.string().nullable(),
      gateways: z.number(),
      lost: z.number(),
      requests: z.number(),
      perSecond: z.number(),
      errorRate: z.number(),
      latency,
      most: z.array(operation),
      slow: z.array(operation),
      failing: z.array(operation),
      subgraphs: z.array(
        z.object({ name: z.string(), fetches: z.number(), failed: z.number(), share: z.number(), latency }),
      ),
      fetchHeat: z.array(
        z.object({
          subgraph: z.string(),
          type: z.string().nullable(),
          fetches: z.number(),
          entities: z.number(),
          share: z.number(),
        }),
      ),
    })
    .nullable(),
});
/** What `stackStatus` says, as far as the command tells it. */
export type ToldStatus = z.output<typeof status>;

const OPERATION = '{ signature name count errors share latency { p50 p99 max } }';
const STATUS = `query StackStatus($minutes: Int, $first: Int) { stackStatus {
  ready parts { name ready reason } jobs { waiting running failed }
  traffic(minutes: $minutes) {
    knownSince gateways lost requests perSecond errorRate latency { p50 p99 max }
    most: operations(by: COUNT, first: $first) ${OPERATION}
    slow: operations(by: SLOWEST, first: $first) ${OPERATION}
    failing: operations(by: ERRORS, first: $first) ${OPERATION}
    subgraphs { name fetches failed share latency { p50 p99 max } }
    fetchHeat(first: $first) { subgraph type fetches entities share }
  }
} }`;

const answer = z.object({
  data: z.object({ stackStatus: status.nullable() }).nullish(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});

/** Asks the stack whose gateway is at `url`, as the platform administrator of `token`. */
export async function askStatus(url: string, token: string, minutes: number, first: number): Promise<ToldStatus> {
  const response = await fetch(`${url.replace(/\/+$/, '')}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: STATUS, variables: { minutes, first } }),
    redirect: 'error', // the token is for this place alone
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch(() => {
    throw new StatusUnavailable(`${url} cannot be reached. Is the stack running there?`);
  });
  if (response.status === 401)
    throw new StatusUnavailable(`${url} does not accept STACK_TOKEN: print another one with "stack token".`);
  const read = answer.safeParse(await response.json().catch(() => null));
  if (!read.success) throw new StatusUnavailable(`${url} does not answer as a stack does (status ${response.status}).`);
  const { data, errors } = read.data;
  if (data?.stackStatus) return data.stackStatus;
  throw new StatusUnavailable(`${url} does not tell how it is: ${errors?.[0]?.message ?? 'nothing is said of why.'}`);
}
