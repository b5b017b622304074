import type { RequestClient } from '@inevitable/contract';
import type { FlowDeps } from '../flows/flow-deps.js';
import { authRoutes } from '../routes/auth-routes.js';
import { anonymous } from './open-test-identity.js';

export interface LoginAnswer {
  readonly status: number;
  /** Seconds; null: it was not said. */
  readonly retryAfter: string | null;
  /** The device cookie as a browser would send it back; null: none was set. */
  readonly cookie: string | null;
  readonly headers: Headers;
  readonly body: {
    readonly accessToken: string;
    readonly refreshToken: string;
    readonly error: { readonly code: string; readonly message: string; readonly challenge: string };
  };
}

export interface LoginFrom {
  readonly address?: string | null;
  readonly cookie?: string | null;
}

/** `POST /auth/login` of these flows, without a gateway in front. */
export function loginClient(flows: FlowDeps) {
  const route = authRoutes({ flows } as never)['POST /auth/login'];
  return async (body: object, { address = null, cookie = null }: LoginFrom = {}): Promise<LoginAnswer> => {
    const client: RequestClient = { address, agent: null };
    const request = new Request('http://stack.test/auth/login', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: cookie === null ? {} : { cookie },
    });
    const response = await route(request, { ...anonymous, client } as never, {});
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? null,
      headers: response.headers,
      body: (await response.json()) as LoginAnswer['body'],
    };
  };
}
