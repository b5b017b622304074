import type { RouteHandler } from '@inevitable/kit';
import type { IdentityService } from '../identity-service.js';

const published =
  (body: () => Promise<object> | object, cacheControl: string): RouteHandler =>
  async () =>
    Response.json(await body(), { headers: { 'cache-control': cacheControl } });

/** Keys and endpoints, for whoever verifies our tokens. `routes`: all that are below `/auth/`, as `POST /auth/login`. */
export const wellKnownRoutes = (
  { issuer, publicUrl, publishedKeys, publishedArchiveKeys, liveContextKeys }: IdentityService,
  routes: readonly string[],
) => ({
  // A key is published before it signs, so a cached answer is never too old.
  'GET /.well-known/jwks.json': published(async () => ({ keys: await publishedKeys() }), 'public, max-age=60'),
  // A gateway signs as soon as its key is registered.
  'GET /.well-known/context-jwks.json': published(async () => ({ keys: await liveContextKeys() }), 'no-cache'),
  'GET /.well-known/archive-jwks.json': published(
    async () => ({ keys: await publishedArchiveKeys() }),
    'public, max-age=3600',
  ),
  // OpenID Connect Discovery 1.0, section 3, as far as it applies: who signs in here is a person and no other site, so no
  // response type is supported. The members with `auth_` are ours. All by PUBLIC_URL: a Host header changes none of it.
  'GET /.well-known/openid-configuration': published(
    () => ({
      issuer,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      response_types_supported: [],
      id_token_signing_alg_values_supported: ['ES256'],
      subject_types_supported: ['public'],
      ...endpoints(publicUrl, routes),
    }),
    'public, max-age=60',
  ),
});

/** `auth_reset_password_endpoint` of `POST /auth/reset-password`. */
const endpoints = (publicUrl: string, routes: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    routes.flatMap((route) => {
      const name = /^POST \/auth\/([a-z-]+)$/.exec(route)?.[1];
      return name === undefined ? [] : [[`auth_${name.replaceAll('-', '_')}_endpoint`, `${publicUrl}/auth/${name}`]];
    }),
  );
