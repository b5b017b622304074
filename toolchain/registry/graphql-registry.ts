import { gzip } from 'node:zlib';
import { promisify } from 'node:util';
import {
  Conflict,
  NotFound,
  type NewVersion,
  type Publication,
  type PublishedVersion,
  type RecordedOperation,
  type RecordedUsage,
  type Rollback,
  type SchemaRegistry,
} from '@inevitable/contract';
import { z } from 'zod';
import { withoutControls } from '../findings/telling.js';
import { REGISTRY_DOCUMENTS } from './registry-documents.js';

/** The registry cannot be reached, or does not let us in; the message is one sentence that says why. */
export class RegistryUnavailable extends Error {}

/** Milliseconds for one request, which may carry megabytes. */
const ANSWER_WITHIN_MS = 30_000;
/** The longest page that operations answers. */
const MAX_PAGE = 100;
/** What a gateway takes as a request's body. */
const MAX_BODY_BYTES = 1_048_576;

const time = z.iso.datetime().transform((text) => new Date(text));

const publication = z
  .object({
    position: z.number(),
    version: z.object({ number: z.number(), gitRevision: z.string().nullable() }),
    kind: z.enum(['PUBLISH', 'ROLLBACK']).transform((kind) => (kind === 'PUBLISH' ? 'publish' : 'rollback')),
    at: time,
    by: z.string(),
    forced: z.boolean(),
    findings: z.array(z.string()),
    reason: z.string().nullable(),
  })
  .transform(({ version: { number, gitRevision }, ...rest }): Publication => ({
    ...rest,
    version: number,
    gitRevision,
  }));

const version = z
  .object({
    number: z.number(),
    sha256: z.string(),
    supergraph: z.string(),
    subgraphs: z.array(z.object({ name: z.string(), routingUrl: z.string(), schema: z.string() })),
    createdAt: time,
    createdBy: z.string(),
    gitRevision: z.string().nullable(),
  })
  .transform(({ sha256: id, supergraph: sdl, subgraphs, ...rest }): PublishedVersion => ({
    ...rest,
    id,
    sdl,
    subgraphs: subgraphs.map(({ name, routingUrl, schema }) => ({ name, routingUrl, sdl: schema })),
  }));

const recorded = z
  .object({
    id: z.string(),
    operationName: z.string().nullable(),
    document: z.string(),
    inputs: z.array(z.string()),
    count: z.number(),
    lastSeen: time,
    clients: z.array(
      z.object({
        name: z.string().nullable(),
        version: z.string().nullable(),
        plan: z.string().nullable(),
        count: z.number(),
      }),
    ),
  })
  .transform(({ id: signature, ...rest }): RecordedOperation => ({ signature, ...rest }));

const answerBody = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z.object({ code: z.string().optional(), field: z.string().optional() }).default({}),
      }),
    )
    .optional(),
});

/**
 * The registry and the recorded usage of a running stack, over the GraphQL of its gateway. `url`: where clients reach the
 * stack, with or without `/graphql`; `token`: an access token of a platform administrator. All of it throws
 * `RegistryUnavailable` where the stack does not answer, or refuses. `by` of what is published is of no effect: the stack
 * knows whose token it is.
 */
export function graphqlRegistry(url: string, token: string): SchemaRegistry & RecordedUsage {
  const endpoint = /\/graphql\/?$/.test(new URL(url).pathname) ? url : `${url.replace(/\/+$/, '')}/graphql`;

  /** The one root field `field` of the answer, as `schema` reads it. */
  async function ask<Schema extends z.ZodType>(
    field: string,
    schema: Schema,
    query: string,
    variables: object,
  ): Promise<z.output<Schema>> {
    const body = JSON.stringify({ query, variables });
    if (Buffer.byteLength(body) > MAX_BODY_BYTES)
      throw new RegistryUnavailable(
        `The schemas have more than 1 MiB when compressed, which is the most that the gateway at ${url} takes. Publish them at the machine, without --registry.`,
      );
    const { data, errors } = await post(body);
    const [error] = errors ?? [];
    if (error) throw refusal(withoutControls(error.message), error.extensions);
    const read = schema.safeParse(data?.[field]);
    if (!read.success) throw new RegistryUnavailable(`${url} does not answer as a schema registry does.`);
    return read.data;
  }

  async function post(body: string): Promise<z.output<typeof answerBody>> {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json' },
      body,
      redirect: 'error', // the token is for this place alone
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    }).catch((error: unknown) => {
      throw new RegistryUnavailable(`${url} cannot be reached: ${reasonOf(error)}. Is the stack running there?`);
    });
    if (response.status === 401) throw notAccepted();
    const answer = answerBody.safeParse(await response.json().catch(() => null));
    if (answer.success && (answer.data.data || answer.data.errors)) return answer.data;
    throw new RegistryUnavailable(`${url} does not answer as a stack does (status ${response.status}).`);
  }

  const notAccepted = () =>
    new RegistryUnavailable(
      `The token is not accepted by ${url}: give STACK_TOKEN a fresh one of a platform administrator, as "stack token --user <login>" prints it.`,
    );

  function refusal(
    message: string,
    { code, field }: { readonly code?: string | undefined; readonly field?: string | undefined },
  ): Error {
    switch (code) {
      case 'CONFLICT':
        return new Conflict(message);
      case 'UNAUTHENTICATED':
        return notAccepted();
      case 'FORBIDDEN':
        return new RegistryUnavailable(
          `The token of STACK_TOKEN is of nobody who may do this at ${url}: it takes a platform administrator's.`,
        );
      case 'NOT_FOUND':
        return new NotFound(message.replace(/^No such (.*)\.$/s, '$1'));
      default:
        return new RegistryUnavailable(
          `${url} refuses this: ${field === undefined ? '' : `${withoutControls(field)} `}${message}`,
        );
    }
  }

  return {
    current: () => ask('currentSchema', version.nullable(), REGISTRY_DOCUMENTS.currentSchema, {}),
    async version(number) {
      try {
        return await ask('schemaVersion', version, REGISTRY_DOCUMENTS.schemaVersion, { number });
      } catch (error) {
        if (error instanceof NotFound) return null;
        throw error;
      }
    },
    async publications({ first, before }) {
      const page = z.object({ nodes: z.array(publication) });
      const read: Publication[] = [];
      while (read.length < first) {
        const wanted = Math.min(first - read.length, MAX_PAGE);
        const behind = read.at(-1)?.position ?? before;
        const variables = { first: wanted, before: behind };
        const { nodes } = await ask('schemaPublications', page, REGISTRY_DOCUMENTS.schemaPublications, variables);
        read.push(...nodes);
        if (nodes.length < wanted) break;
      }
      return read;
    },
    async publish({ sdl, subgraphs, gitRevision, forced, findings, reason, basedOn }: NewVersion) {
      const schemas = {
        supergraph: sdl,
        subgraphs: subgraphs.map(({ name, routingUrl, sdl }) => ({ name, routingUrl, schema: sdl })),
      };
      const packed = (await promisify(gzip)(JSON.stringify(schemas))).toString('base64');
      return ask('publishSchema', publication, REGISTRY_DOCUMENTS.publishSchema, {
        input: { packed, gitRevision, forced, findings, reason, basedOn },
      });
    },
    rollback({ to, reason, basedOn }: Rollback) {
      const input = { to, reason, basedOn };
      return ask('rollbackSchema', publication, REGISTRY_DOCUMENTS.rollbackSchema, { input });
    },
    async operations({ days, first, after }) {
      const page = z.object({ nodes: z.array(recorded), pageInfo: z.object({ endCursor: z.string().nullable() }) });
      const read: RecordedOperation[] = [];
      // The cursor of an operation is made of its signature, as `connectionOf` makes it.
      let behind = after === null ? null : Buffer.from(after).toString('base64url');
      while (read.length < first) {
        const wanted = Math.min(first - read.length, MAX_PAGE);
        const { nodes, pageInfo } = await ask('recordedOperations', page, REGISTRY_DOCUMENTS.recordedOperations, {
          days,
          first: wanted,
          after: behind,
        });
        read.push(...nodes);
        behind = pageInfo.endCursor;
        if (nodes.length < wanted) break;
      }
      return read;
    },
    async since() {
      const page = z.object({ since: time.nullable() });
      return (await ask('recordedOperations', page, REGISTRY_DOCUMENTS.recordedSince, {})).since;
    },
    async leftOut() {
      const page = z.object({ leftOut: time.nullable() });
      return (await ask('recordedOperations', page, REGISTRY_DOCUMENTS.recordedLeftOut, {})).leftOut;
    },
  };
}

/** Of `fetch`, which says little itself: what it could not do is in `cause`. */
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { readonly cause?: NodeJS.ErrnoException & AggregateError };
  if (name === 'TimeoutError') return `it does not answer within ${ANSWER_WITHIN_MS / 1_000} s`;
  return cause?.code ?? cause?.message ?? message;
}
