import { Conflict, type PublicJwk } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';

/**
 * Publishes the public half of a gateway's context key for `ttlSeconds`; asking again renews it.
 * Throws `Conflict` for another key under a published id: subgraphs would stop believing the first gateway.
 */
export async function registerContextKey({ rows }: SystemDatabase, key: PublicJwk, ttlSeconds: number): Promise<void> {
  const registered = await rows(
    `insert into context_keys (kid, public_jwk, expires_at) values ($1, $2, stack_now() + make_interval(secs => $3))
     on conflict (kid) do update set expires_at = excluded.expires_at where context_keys.public_jwk = excluded.public_jwk
     returning kid`,
    [key.kid, key, ttlSeconds],
  );
  if (registered.length === 0) throw new Conflict('Another context key has this id.');
  await rows(`delete from context_keys where expires_at < stack_now() - interval '1 hour'`);
}

/** What subgraphs verify context tokens with. */
export async function liveContextKeys({ rows }: SystemDatabase): Promise<readonly PublicJwk[]> {
  const keys = await rows<{ public_jwk: PublicJwk }>(
    'select public_jwk from context_keys where expires_at > stack_now() order by kid',
  );
  return keys.map((key) => key.public_jwk);
}
