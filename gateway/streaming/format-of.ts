import type { AcceptedFormats } from '../graphql-over-http/media-types.js';
import { eventStream } from './event-stream.js';
import { multipartIncrements, multipartSubscription } from './multipart.js';
import type { StreamFormat } from './stream-format.js';

/** How the client reads events of a subscription; null: not at all. */
export function subscriptionFormatOf({ subscription }: AcceptedFormats): StreamFormat | null {
  switch (subscription) {
    case 'eventStream':
      return eventStream;
    case 'multipart':
      return multipartSubscription;
    case null:
      return null;
  }
}

/** How the client reads increments of a deferred answer; null: not at all. */
export const incrementsFormatOf = ({ increments }: AcceptedFormats): StreamFormat | null =>
  increments && multipartIncrements[increments];
