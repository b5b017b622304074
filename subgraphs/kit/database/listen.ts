import pg from 'pg';
import type { Logger } from 'pino';

const RETRY_MS = 1_000;
/** A connection that a lost cable swallowed looks idle; one that answers this is not. */
const ASK_EVERY_MS = 5_000;
const ANSWER_WITHIN_MS = 5_000;

export interface ListenOptions {
  readonly url: string;
  /** Its name, or a query that answers it as `name`. */
  readonly channel: string | { readonly query: string };
  /** Gets the payload, or null after a (re)connection, when anything may have been missed. */
  readonly heard: (payload: string | null) => void;
  /** What it is asked, before it listens and every 5 s. */
  readonly ask?: string;
  /** For the log: "job notifications". */
  readonly what: string;
  readonly log: Logger;
}

export interface Listener {
  readonly state: 'connecting' | 'connected' | 'broken';
  stop(): Promise<void>;
}

/**
 * One LISTEN connection. A lost one is weather: it is told once, and it reconnects for ever while its owner polls. A
 * half-open one, which never errs and never hears, is found by asking it every 5 s.
 */
export function listen({ url, channel, heard, ask = 'select', what, log }: ListenOptions): Listener {
  let client: pg.Client | null = null;
  let retry: NodeJS.Timeout | undefined;
  let asking: NodeJS.Timeout | undefined;
  let stopped = false;
  let state: Listener['state'] = 'connecting';

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: url,
      application_name: `stack:listen:${what.replaceAll(' ', '-')}`,
      keepAlive: true,
      connectionTimeoutMillis: ANSWER_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
    });
    next.on('notification', ({ payload }) => heard(payload ?? null));
    next.on('error', (error) => giveUp(next, error));
    next.on('end', () => giveUp(next));
    client = next;
    try {
      await next.connect();
      await next.query(ask);
      await next.query(`listen ${await nameOf(channel, next)}`);
    } catch (error) {
      giveUp(next, error as Error);
      return;
    }
    if (client !== next) return;
    if (state === 'broken') log.info(`${what} are heard again`);
    state = 'connected';
    heard(null);
    asking = setInterval(() => void next.query(ask).catch((error: Error) => giveUp(next, error)), ASK_EVERY_MS);
  }

  /** Once for each connection: its error, its end and an unanswered question may all come. */
  function giveUp(lost: pg.Client, why?: Error): void {
    if (client !== lost) return;
    client = null;
    clearInterval(asking);
    hangUp(lost);
    if (stopped) return;
    if (state !== 'broken')
      log.warn(
        { err: why },
        `${what} ${state === 'connected' ? 'broke' : 'cannot be heard'}; polling until they are back`,
      );
    state = 'broken';
    retry = setTimeout(() => void (connecting = connect()), RETRY_MS);
  }

  let connecting = connect();
  return {
    get state() {
      return state;
    },
    async stop() {
      stopped = true;
      clearTimeout(retry);
      clearInterval(asking);
      await connecting;
      clearInterval(asking);
      const last = client;
      client = null;
      await last?.end().catch(() => undefined);
    },
  };
}

/** `end()` waits for the other side, which a half-open connection has no more. */
function hangUp(client: pg.Client): void {
  const { connection } = client as unknown as { readonly connection?: { readonly stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}

async function nameOf(channel: ListenOptions['channel'], client: pg.Client): Promise<string> {
  if (typeof channel === 'string') return channel;
  const { rows } = await client.query<{ name: string }>(channel.query);
  return pg.escapeIdentifier(rows[0]!.name);
}
