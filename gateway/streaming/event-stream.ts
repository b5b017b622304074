import { isEventId } from './event-id.js';
import { onOneLine, type StreamFormat } from './stream-format.js';

/** Server-sent events as graphql-sse reads them ("GraphQL over Server-Sent Events Protocol", distinct connections mode). */
export const eventStream: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  opening: ':\n\n',
  write({ text, eventId }) {
    // Without the line, a browser that reconnects names the last event that had one.
    const id = isEventId(eventId) ? `id: ${eventId}\n` : '';
    return `event: next\n${id}data: ${onOneLine(text)}\n\n`;
  },
  heartbeat: { text: ':\n\n', everyMs: 12_000 },
  ending: 'event: complete\ndata:\n\n',
  // A connection that ends without `complete` is one that clients open again.
  stopping: '',
};
