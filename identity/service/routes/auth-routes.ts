import { CallerError, ERROR_CODES, toErrorBody } from '@inevitable/contract';
import type { RouteHandler } from '@inevitable/kit';
import { originOf, type Origin } from '../audit/origin.js';
import { SIGN_IN_AGAIN, SIGN_IN_REFUSED, tokensOrRefusal } from '../flows/sign-in/auth-tokens.js';
import { refreshInput, refreshSession } from '../flows/sign-in/refresh-session.js';
import { signIn, signInInput } from '../flows/sign-in/sign-in.js';
import { signOut } from '../flows/sign-in/sign-out.js';
import type { IdentityService } from '../identity-service.js';
import { TooManySignIns } from '../passwords/passwords.js';
import { readJson } from './read-json.js';

/** No cache keeps a token (RFC 6749, section 5.1). */
const NO_STORE = { 'cache-control': 'no-store' };

/** Sign in, refresh and sign out with JSON bodies; the same as the mutations. */
export const authRoutes = ({ flows }: IdentityService) => ({
  'POST /auth/login': answering(async (request, origin) =>
    tokensOrRefusal(await signIn(await readJson(request, signInInput), origin, flows), SIGN_IN_REFUSED),
  ),
  'POST /auth/refresh': answering(async (request, origin) =>
    tokensOrRefusal(await refreshSession(await readJson(request, refreshInput), origin, flows), SIGN_IN_AGAIN),
  ),
  'POST /auth/logout': answering(async (request, origin) => {
    await signOut(await readJson(request, refreshInput), origin, flows);
    return { signedOut: true };
  }),
});

/** Answers JSON, or the caller's error as `{error: {code, message}}`. Our own errors are the host's to log and mask. */
function answering(handle: (request: Request, origin: Origin) => Promise<object>): RouteHandler {
  return async (request, context) => {
    try {
      return Response.json(await handle(request, originOf(context)), { headers: NO_STORE });
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
