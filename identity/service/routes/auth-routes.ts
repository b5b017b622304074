import { CallerError, ERROR_CODES, toErrorBody } from '@inevitable/contract';
import type { RouteHandler } from '@inevitable/kit';
import { refreshInput } from '../flows/refresh-session.js';
import { signInInput } from '../flows/sign-in.js';
import type { IdentityService } from '../identity-service.js';
import { TooManySignIns } from '../passwords/passwords.js';
import { readJson } from './read-json.js';

const LONGEST_DEVICE = 200;
/** No cache keeps a token (RFC 6749, section 5.1). */
const NO_STORE = { 'cache-control': 'no-store' };

/** Sign in, refresh and sign out with JSON bodies; the same as the mutations. */
export const authRoutes = (service: IdentityService) => ({
  'POST /auth/login': answering(async (request) =>
    service.signIn({ ...(await readJson(request, signInInput)), device: deviceOf(request) }),
  ),
  'POST /auth/refresh': answering(async (request) => service.refreshSession(await readJson(request, refreshInput))),
  'POST /auth/logout': answering(async (request) => {
    await service.signOut(await readJson(request, refreshInput));
    return { signedOut: true };
  }),
});

/** Answers JSON, or the caller's error as `{error: {code, message}}`. Our own errors are the host's to log and mask. */
function answering(handle: (request: Request) => Promise<object>): RouteHandler {
  return async (request) => {
    try {
      return Response.json(await handle(request), { headers: NO_STORE });
    } catch (error) {
      if (!(error instanceof CallerError)) throw error;
      const { message, extensions } = toErrorBody(error);
      const busy = error instanceof TooManySignIns;
      return Response.json(
        { error: { code: extensions.code, message } },
        {
          // Not 429: it is the server that has too much to do, not this caller who asks too often.
          status: busy ? 503 : ERROR_CODES[extensions.code].status,
          headers: busy ? { ...NO_STORE, 'retry-after': String(error.details.retryAfterSeconds) } : NO_STORE,
        },
      );
    }
  };
}

const deviceOf = (request: Request): string | null =>
  request.headers.get('user-agent')?.slice(0, LONGEST_DEVICE) ?? null;
