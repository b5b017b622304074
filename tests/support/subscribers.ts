import { request } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket, type CloseEvent } from 'ws';

/** A client that keeps what it was told. */
export interface Subscriber {
  readonly transport: string;
  readonly events: readonly ExecutionResult[];
  /** How each of its connections ended. */
  readonly endings: readonly string[];
  leave(): void;
}

export interface SubscriberOptions {
  /** The last event that was seen before; null: none. */
  readonly lastEventId?: string | null;
  /** Of who subscribes; without it nobody in particular. */
  readonly accessToken?: string;
  /** Whether it connects again when its connection ends, and goes on after the last event. */
  readonly comesBack?: boolean;
}

/** The id of the last event in a list, or what was seen before it. */
const lastOf = (events: readonly ExecutionResult[], before: string | null): string | null =>
  events.reduce((last, { extensions }) => (extensions?.['eventId'] as string | undefined) ?? last, before);

/** Over `graphql-transport-ws`, with the client of `graphql-ws`. */
export function overWebSocket(
  url: string,
  query: string,
  { lastEventId = null, comesBack = false, accessToken }: SubscriberOptions = {},
): Subscriber {
  const events: ExecutionResult[] = [];
  const endings: string[] = [];
  let hasLeft = false;
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: WebSocket,
    ...(accessToken !== undefined && { connectionParams: { authorization: `Bearer ${accessToken}` } }),
    retryAttempts: comesBack ? Infinity : 0,
    retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
    shouldRetry: () => comesBack,
    on: {
      closed: (event) => endings.push(String((event as CloseEvent).code)),
    },
  });
  const subscribe = {
    query,
    extensions: {
      // Read for each message: one that is sent again says what was seen by then.
      get lastEventId() {
        return lastOf(events, lastEventId) ?? undefined;
      },
    },
  };
  // Its socket comes back by itself; what became of the subscription while the socket was there does not.
  const again = (): void => void (comesBack && !hasLeft && setTimeout(begin, 50));
  function begin(): void {
    client.subscribe(subscribe, {
      next: (event) => events.push(event as ExecutionResult),
      // What an `error` message says is an array; what became of the connection is among the endings.
      error(errors) {
        if (Array.isArray(errors)) events.push({ errors });
        again();
      },
      complete() {
        endings.push('complete');
        again();
      },
    });
  }
  begin();
  return {
    transport: 'WebSocket',
    events,
    endings,
    leave() {
      hasLeft = true;
      void client.dispose();
    },
  };
}

/** By GraphQL over SSE, read by hand: what a connection ends with is what counts here. */
export function overEventStream(
  url: string,
  query: string,
  { lastEventId = null, comesBack = false, accessToken }: SubscriberOptions = {},
): Subscriber {
  const events: ExecutionResult[] = [];
  const endings: string[] = [];
  let leave = (): void => undefined;
  let hasLeft = false;
  function connect(): void {
    const last = lastOf(events, lastEventId);
    const sent = request(url, {
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...(last !== null && { 'last-event-id': last }),
        ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
      },
    });
    let ending = 'cut off';
    sent.on('response', (response) => {
      let unread = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        const blocks = (unread + text).split('\n\n');
        unread = blocks.pop()!;
        for (const block of blocks) {
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (block.startsWith('event: complete')) ending = 'complete';
          else if (data !== undefined) events.push(JSON.parse(data) as ExecutionResult);
        }
      });
      response.on('end', () => (ending = ending === 'complete' ? ending : 'ended'));
      response.on('error', () => undefined); // `close` follows
    });
    sent.on('error', () => undefined); // `close` follows
    sent.on('close', () => {
      endings.push(ending);
      if (comesBack && !hasLeft) setTimeout(connect, 50);
    });
    sent.end(JSON.stringify({ query }));
    leave = () => sent.destroy();
  }
  connect();
  return {
    transport: 'event stream',
    events,
    endings,
    leave() {
      hasLeft = true;
      leave();
    },
  };
}
