import type { Dispatcher } from 'undici';

export interface Exchanged {
  readonly status: number;
  readonly bytes: number;
  readonly error: Error | null;
}

/** One POST and its whole answer, of which only the length is kept: reading it into text would cost more than sending. */
export function exchange(
  dispatcher: Dispatcher,
  path: string,
  body: Buffer,
  authorization: string | null,
  others: Readonly<Record<string, string>> = {},
): Promise<Exchanged> {
  return new Promise((resolve) => {
    let status = 0;
    let bytes = 0;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData(_controller, chunk) {
        bytes += chunk.length;
      },
      onResponseEnd: () => resolve({ status, bytes, error: null }),
      onResponseError: (_controller, error) => resolve({ status, bytes, error }),
    };
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: 'application/json',
      ...others,
    };
    if (authorization !== null) headers.authorization = authorization;
    dispatcher.dispatch({ method: 'POST', path, headers, body }, handler);
  });
}
