import { CallerError, ERROR_CODES, toErrorBody } from '@inevitable/contract';
import type { RouteHandler } from '@inevitable/kit';
import { originOf, type Origin } from '../audit/origin.js';
import type { FlowDeps } from '../flows/flow-deps.js';
import { auditRefusals } from '../flows/refusals.js';
import {
  CODE_REFUSED,
  SecondFactorRequired,
  SIGN_IN_AGAIN,
  SIGN_IN_REFUSED,
  tokensOrRefusal,
  type AuthTokens,
} from '../flows/sign-in/auth-tokens.js';
import { completeLoginInput, completeSignIn } from '../flows/sign-in/complete-sign-in.js';
import { refreshInput, refreshSession } from '../flows/sign-in/refresh-session.js';
import { signIn, signInInput } from '../flows/sign-in/sign-in.js';
import { signOut } from '../flows/sign-in/sign-out.js';
import type { IdentityService } from '../identity-service.js';
import { TooManySignIns } from '../passwords/passwords.js';
import { RateLimited } from '../throttling/rate-limited.js';
import { deviceCookie } from './device-cookie.js';
import { parseBody, readBody, readJson } from './read-json.js';

/** No cache keeps a token (RFC 6749, section 5.1). */
const NO_STORE = { 'cache-control': 'no-store' };

/** Sign in, refresh and sign out with JSON bodies; the same as the mutations, but that a device is known by a cookie. */
export const authRoutes = ({ flows }: IdentityService) => ({
  'POST /auth/login': answering('identity.sign-in', flows, async (request, origin) => {
    const cookie = deviceCookie(flows.publicUrl);
    const { deviceToken, ...body } = await login(request, cookie.read(request), origin, flows);
    return Response.json(body, {
      headers: { ...NO_STORE, ...(deviceToken !== undefined && { 'set-cookie': cookie.write(deviceToken) }) },
    });
  }),
  'POST /auth/refresh': answering('identity.refresh-session', flows, async (request, origin) =>
    tokensOrRefusal(await refreshSession(await readJson(request, refreshInput), origin, flows), SIGN_IN_AGAIN),
  ),
  'POST /auth/logout': answering('identity.sign-out', flows, async (request, origin) => {
    await signOut(await readJson(request, refreshInput), origin, flows);
    return { signedOut: true };
  }),
});

/** By a password, or by the challenge that one was answered with. */
async function login(
  request: Request,
  ofCookie: string | null,
  origin: Origin,
  flows: IdentityService['flows'],
): Promise<AuthTokens> {
  const body = await readBody(request);
  if (typeof body === 'object' && body !== null && 'challenge' in body) {
    const half = { ...parseBody(body, completeLoginInput), deviceToken: ofCookie };
    return tokensOrRefusal(await completeSignIn(half, origin, flows), CODE_REFUSED);
  }
  const asked = parseBody(body, signInInput);
  const outcome = await signIn({ ...asked, deviceToken: asked.deviceToken ?? ofCookie }, origin, flows);
  return tokensOrRefusal(outcome, SIGN_IN_REFUSED);
}

/**
 * Answers JSON, or the caller's error as `{error: {code, message}}`, which the audit has then, as `action`. Our own errors are
 * the host's to log and mask.
 */
export function answering(
  action: string,
  flows: FlowDeps,
  handle: (request: Request, origin: Origin) => Promise<object>,
): RouteHandler {
  return async (request, context) => {
    const origin = originOf(context);
    const refusing = { tenantId: context.tenant?.id ?? null, origin, action };
    try {
      const answer = await auditRefusals(refusing, flows, () => handle(request, origin));
      return answer instanceof Response ? answer : Response.json(answer, { headers: NO_STORE });
    } catch (error) {
      if (!(error instanceof CallerError)) throw error;
      return refusalOf(error);
    }
  };
}

function refusalOf(error: CallerError): Response {
  const { message, extensions } = toErrorBody(error);
  // Not 429 where it is the server that has too much to do, and not this caller who asks too often.
  const busy = error instanceof TooManySignIns;
  const later = busy || error instanceof RateLimited ? error.details.retryAfterSeconds : null;
  const half = error instanceof SecondFactorRequired ? error.details : {};
  return Response.json(
    { error: { code: extensions.code, message, ...half } },
    {
      status: busy ? 503 : ERROR_CODES[extensions.code].status,
      headers: { ...NO_STORE, ...(later !== null && { 'retry-after': String(later) }) },
    },
  );
}
