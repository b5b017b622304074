import type { ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { ExecutionResult } from 'graphql';

/** Answers that are streams of server-sent events, as long as they last. */
export interface ServedEventStreams {
  /** Writes the events to `response`, each when the one before it has left, until either side ends it. */
  answer(response: ServerResponse, events: AsyncIterableIterator<ExecutionResult>): void;
  /** Cuts every stream off: a client must not take the server's end for the subscription's. */
  close(): void;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no', // or a proxy in between would collect the events
} as const;
/** A comment: keeps proxies from closing an idle stream, and finds out whether the client is there. */
const PING = ':\n\n';
const PING_EVERY_MS = 12_000;

/**
 * Subscriptions as server-sent events: GraphQL over SSE, distinct connections mode. Not by `graphql-sse`'s handler, which
 * queues events for a client that does not read without any bound.
 */
export function serveEventStreams(): ServedEventStreams {
  const open = new Map<ServerResponse, () => void>();
  return {
    answer(response, events) {
      if (response.destroyed) return void events.return?.(); // left while the subscription was started
      const pinging = setInterval(() => {
        if (!response.writableNeedDrain) response.write(PING);
      }, PING_EVERY_MS);
      const end = (): void => {
        clearInterval(pinging);
        open.delete(response);
        void events.return?.();
      };
      open.set(response, end);
      response.once('close', end);
      response.writeHead(200, HEADERS);
      // A client that leaves early is no failure of ours: whatever ends the pipeline has ended the events.
      pipeline(Readable.from(messagesOf(events), { highWaterMark: 1 }), response, () => undefined);
    },
    close() {
      for (const [response, end] of open) {
        response.destroy();
        end();
      }
    },
  };
}

async function* messagesOf(events: AsyncIterable<ExecutionResult>): AsyncGenerator<string> {
  yield PING; // the headers go with the first bytes, and tell the client that it is heard
  for await (const result of events) {
    const eventId = result.extensions?.['eventId'];
    const id = typeof eventId === 'string' ? `id: ${eventId}\n` : '';
    yield `${id}event: next\ndata: ${JSON.stringify(result)}\n\n`;
  }
  yield 'event: complete\ndata:\n\n';
}
