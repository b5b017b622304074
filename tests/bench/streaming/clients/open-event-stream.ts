import { request } from 'node:http';
import { eventIn, type ConnectionListener, type ConnectionWanted, type OpenConnection } from './connection.js';

/** Subscribes by GraphQL over SSE (distinct connections mode). Resolves when the stream has begun. */
export function openEventStream(
  url: string,
  query: string,
  { token, from }: ConnectionWanted,
  { heard, broke }: ConnectionListener,
): Promise<OpenConnection> {
  return new Promise((resolve, reject) => {
    let isClosing = false;
    const failed = (why: string): void => {
      reject(new Error(why));
      if (!isClosing) broke(why);
    };
    const sent = request(
      url,
      {
        method: 'POST',
        agent: false,
        localAddress: from,
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          authorization: `Bearer ${token}`,
        },
      },
      (response) => {
        const type = response.headers['content-type'] ?? '';
        if (!type.startsWith('text/event-stream'))
          failed(`An event stream was answered ${response.statusCode} ${type}`);
        let unread = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          const blocks = (unread + text).split('\n\n');
          unread = blocks.pop()!;
          for (const block of blocks) {
            const event = eventIn(block);
            if (event !== null) heard(event);
            else if (!block.startsWith(':')) failed(`An event stream was told ${block}`);
          }
        });
        response.on('close', () => failed('An event stream ended.'));
        resolve({
          close() {
            isClosing = true;
            sent.destroy();
          },
        });
      },
    );
    sent.on('error', ({ message }) => failed(`An event stream failed: ${message}`));
    sent.end(JSON.stringify({ query }));
  });
}
