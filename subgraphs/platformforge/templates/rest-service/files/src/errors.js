/** The caller named something that is not there. */
export class NotFound extends Error {
  statusCode = 404;
  code = 'NOT_FOUND';
}

/** There is no room for more. */
export class Full extends Error {
  statusCode = 507;
  code = 'FULL';
}

const CODES = { 400: 'BAD_INPUT', 413: 'TOO_LARGE', 415: 'UNSUPPORTED_MEDIA_TYPE' };

/** The shape of every error. What failed on our side is logged in full and told to nobody. */
export function asErrorBody(error, requestId) {
  const status = error.statusCode ?? 500;
  const isOurs = status >= 500 && !(error instanceof Full);
  const code = isOurs ? 'INTERNAL' : (CODES[status] ?? error.code);
  const message = isOurs ? 'Something failed on our side.' : error.message;
  return { status, body: { error: { code, message, requestId } } };
}

/** As JSON Schema, for the OpenAPI document. */
export const errorSchema = {
  description: 'What went wrong, and the id under which our log knows it.',
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'requestId'],
      properties: { code: { type: 'string' }, message: { type: 'string' }, requestId: { type: 'string' } },
    },
  },
};
