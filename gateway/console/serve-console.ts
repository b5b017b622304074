import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NotFound } from '@inevitable/contract';
import { badRequest, refusal, type RequestRefused } from '../graphql-over-http/request-refused.js';
import { etagOf, readConsoleFiles, type ConsoleFiles } from './console-files.js';
import { ASSETS_PATH, CONSOLE_PATH, CONSOLE_POLICY, consolePage } from './console-page.js';
import type { ConsoleProblem } from './console-problem.js';
import { isReachedBy } from './reached-by.js';

/** The GraphiQL page, for those who develop or operate the stack; a gateway where customers are never has it. */
export interface ConsoleOptions {
  /** The folder of the bundled page, asked for when the page is first. One that rejects is asked again. */
  readonly files: () => Promise<string>;
  /** Names that the page is reached by, beside addresses and `localhost`. */
  readonly names?: readonly string[];
  /** E-mail addresses that the sign-in form offers. */
  readonly demoUsers?: readonly string[];
  /** What the page shows as wrong, beside what the gateway knows itself. */
  readonly problems?: () => readonly ConsoleProblem[];
}

export interface ConsoleParts extends ConsoleOptions {
  /** The id of the supergraph that is served. */
  readonly supergraph: () => string;
  /** Why the newest supergraph is not the one that is served, or null. */
  readonly supergraphProblem: () => string | null;
  readonly draining: AbortSignal;
}

/** How long a question for news waits for some. Milliseconds. */
const WAIT_MS = 25_000;
/** How soon news are seen. Milliseconds. */
const LOOK_EVERY_MS = 200;
/** Open pages that wait for news at the same time; one more is asked to come back. */
const MOST_WAITING = 100;

/** No other origin may frame, load or read anything of the page. */
const CLOSED_TO_OTHERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

/** Adds `/graphiql`, its files, and the news it waits for. */
export function serveConsole(app: FastifyInstance, parts: ConsoleParts): void {
  const { names = [], demoUsers = [], problems = () => [] } = parts;
  let reading: Promise<ConsoleFiles> | null = null;
  const files = (): Promise<ConsoleFiles> =>
    (reading ??= parts
      .files()
      .then(readConsoleFiles)
      .catch((error: unknown) => {
        reading = null;
        throw error;
      }));

  const page = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = consolePage((await files()).names, demoUsers);
    void reply.header('content-security-policy', CONSOLE_POLICY).header('cache-control', 'no-cache');
    return send(request, reply, { type: 'text/html; charset=utf-8', body, etag: etagOf(body) });
  };
  app.get(CONSOLE_PATH, page);
  app.get(`${CONSOLE_PATH}/`, page);

  app.get<{ Params: { name: string } }>(`${ASSETS_PATH}/:name`, async (request, reply) => {
    const file = (await files()).byName.get(request.params.name);
    if (!file) throw new NotFound('file of the page');
    void reply.header('cache-control', 'public, max-age=31536000, immutable'); // its name has a hash of what is in it
    return send(request, reply, file);
  });

  let waiting = 0;
  app.get<{ Querystring: { after?: string | string[] } }>(`${CONSOLE_PATH}/problems`, async (request, reply) => {
    if (isFromElsewhere(request)) throw badRequest('Only the GraphiQL page itself may ask this.', 403);
    if (!isReachedBy(request.headers.host, names))
      throw badRequest('Reach the page by an address, by localhost, or by the name in PUBLIC_URL.', 403);
    const { after } = request.query;
    const until = performance.now() + WAIT_MS;
    let news = newsNow();
    if (news.revision === after) {
      if (waiting >= MOST_WAITING) {
        void reply.header('retry-after', '1');
        throw tooManyWait();
      }
      waiting += 1;
      try {
        const isOver = (): boolean => parts.draining.aborted || request.raw.socket.destroyed;
        while (news.revision === after && !isOver() && performance.now() < until) {
          await wait(LOOK_EVERY_MS);
          news = newsNow();
        }
      } finally {
        waiting -= 1;
      }
    }
    return reply.headers(CLOSED_TO_OTHERS).header('cache-control', 'no-store').send(news);
  });

  function newsNow(): { revision: string; supergraph: string; problems: readonly ConsoleProblem[] } {
    const own = parts.supergraphProblem();
    const all = [...problems(), ...(own === null ? [] : [{ title: 'The newest supergraph is not served', text: own }])];
    const supergraph = parts.supergraph();
    return { revision: etagOf(JSON.stringify([supergraph, all])).replaceAll('"', ''), supergraph, problems: all };
  }
}

const tooManyWait = (): RequestRefused =>
  refusal('RATE_LIMITED', 'Too many pages wait for news: ask again in a second.');

/** Told by every browser of today (Fetch Metadata); a program says nothing, and may read what it can reach. */
const isFromElsewhere = ({ headers }: FastifyRequest): boolean =>
  headers['sec-fetch-site'] !== undefined && !['same-origin', 'none'].includes(String(headers['sec-fetch-site']));

function send(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, body, etag }: { readonly type: string; readonly body: Buffer | string; readonly etag: string },
): FastifyReply {
  void reply.headers(CLOSED_TO_OTHERS).header('etag', etag);
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.type(type).send(body);
}
