import pg from 'pg';
import type { Logger } from 'pino';

const RETRY_MS = 1_000;

export interface Listener {
  stop(): Promise<void>;
}

/**
 * One LISTEN connection on the channel `outbox`; `woken` gets the product's name, or null after a (re)connection, when
 * anything may have been missed. A lost connection is weather: it reconnects for ever, and polling goes on meanwhile.
 */
export function listenForOutbox(url: string, woken: (product: string | null) => void, log: Logger): Listener {
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function connect(): Promise<void> {
    const next = new pg.Client({ connectionString: url, application_name: 'stack:listen', keepAlive: true });
    next.on('notification', ({ payload }) => woken(payload ?? null));
    next.on('error', (error) => log.warn({ err: error }, 'the LISTEN connection broke; polling until it is back'));
    next.on('end', reconnectLater);
    try {
      await next.connect();
      await next.query('listen outbox');
      client = next;
      woken(null);
    } catch {
      await next.end().catch(() => undefined);
      reconnectLater(); // a connection that never was has no end
    }
  }

  function reconnectLater(): void {
    client = null;
    if (stopped || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      void connect();
    }, RETRY_MS);
  }

  const connecting = connect();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await connecting;
      await client?.end();
    },
  };
}
