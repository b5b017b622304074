import type { StreamPayload } from './client-stream.js';

/** How payloads are written as the body of one HTTP response. */
export interface StreamFormat {
  readonly contentType: string;
  /** Written at once, so that the client knows that it is served. */
  readonly opening: string;
  readonly write: (payload: StreamPayload) => string;
  /** Shows client and proxies that the connection lives; null: its payloads come soon, or it ends. */
  readonly heartbeat: { readonly text: string; readonly everyMs: number } | null;
  /** After the last payload. */
  readonly ending: string;
  /** Where we stop and the client is to come back, to another gateway. Null: it is let finish, as any request in flight. */
  readonly stopping: string | null;
}

/** JSON has line ends only where a space would do, and formats made of lines have none to spare. */
export const onOneLine = (json: string): string => (/[\r\n]/.test(json) ? json.replace(/[\r\n]+/g, ' ') : json);
