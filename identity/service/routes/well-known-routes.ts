import type { RouteHandler } from '@inevitable/kit';
import type { IdentityService } from '../identity-service.js';

const published =
  (body: () => Promise<object> | object, cacheControl: string): RouteHandler =>
  async () =>
    Response.json(await body(), { headers: { 'cache-control': cacheControl } });

/** Keys and endpoints, for whoever verifies our tokens. */
export const wellKnownRoutes = ({ issuer, publicUrl, publishedKeys, liveContextKeys }: IdentityService) => ({
  // A key is published before it signs, so a cached answer is never too old.
  'GET /.well-known/jwks.json': published(async () => ({ keys: await publishedKeys() }), 'public, max-age=60'),
  // A gateway signs as soon as its key is registered.
  'GET /.well-known/context-jwks.json': published(async () => ({ keys: await liveContextKeys() }), 'no-cache'),
  // OpenID Connect Discovery 1.0, section 3, as far as it applies; the *_endpoint members with `auth_` are ours.
  'GET /.well-known/openid-configuration': published(
    () => ({
      issuer,
      jwks_uri: `${publicUrl}/.well-known/jwks.json`,
      id_token_signing_alg_values_supported: ['ES256'],
      subject_types_supported: ['public'],
      auth_login_endpoint: `${publicUrl}/auth/login`,
      auth_refresh_endpoint: `${publicUrl}/auth/refresh`,
      auth_logout_endpoint: `${publicUrl}/auth/logout`,
    }),
    'public, max-age=60',
  ),
});
