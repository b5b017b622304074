import {
  API_KEY_LENGTH,
  API_KEY_PREFIX,
  contextFromAccessToken,
  contextOf,
  type AnonymousRequest,
  type RequestContext,
} from '@inevitable/contract';
import type { AccessTokens } from './access-tokens.js';
import type { ApiKeys } from './api-keys.js';

/** What callers prove with who they are: access tokens and API keys, as bearer tokens (RFC 6750, section 2.1). */
export interface Credentials {
  /**
   * The context of a request with this `Authorization` header, at once where it was verified before. Rejects with
   * `Unauthenticated` when it does not hold, whatever the reason, and with `SubgraphUnreachable` when that cannot be known.
   */
  contextOf(authorization: string, request: AnonymousRequest): RequestContext | Promise<RequestContext>;
  /** The same for whoever will ask again and again; `request` is the first. Rejects as `contextOf`. */
  keep(authorization: string, request: AnonymousRequest): Promise<CallerNow>;
}

/** Who the caller is by now. Throws where the credential has ended. */
export type CallerNow = (request: AnonymousRequest) => RequestContext;

const SCHEME = /^bearer +/i;
/** Longer ones are tokens, which every request of a person brings: those are told apart by their length alone. */
const LONGEST_HEADER_OF_KEY = 'Bearer '.length + API_KEY_LENGTH + 16;

export function credentials(tokens: AccessTokens, apiKeys: ApiKeys): Credentials {
  return {
    contextOf(authorization, request) {
      const key = apiKeyIn(authorization);
      if (key === null) {
        const claims = tokens.verify(authorization);
        return claims instanceof Promise
          ? claims.then((verified) => contextFromAccessToken(verified, request))
          : contextFromAccessToken(claims, request);
      }
      const identity = apiKeys.verify(key, addressOf(request));
      return identity instanceof Promise
        ? identity.then((verified) => contextOf(request, verified))
        : contextOf(request, identity);
    },
    async keep(authorization, first) {
      const key = apiKeyIn(authorization);
      if (key === null) {
        const token = await tokens.keep(authorization);
        return (request) => contextFromAccessToken(token.claims(), request);
      }
      const kept = await apiKeys.keep(key, addressOf(first));
      return (request) => contextOf(request, kept.identity());
    },
  };
}

const addressOf = ({ client }: AnonymousRequest): string | null => client?.address ?? null;

/** Whether it is meant to be a key. */
export const isApiKey = (authorization: string): boolean => apiKeyIn(authorization) !== null;

/** What is meant to be a key; null: it is something else. */
function apiKeyIn(authorization: string): string | null {
  if (authorization.length > LONGEST_HEADER_OF_KEY) return null;
  const [scheme] = SCHEME.exec(authorization) ?? [];
  if (scheme === undefined) return null;
  const bearer = authorization.slice(scheme.length);
  return bearer.startsWith(API_KEY_PREFIX) ? bearer : null;
}
