import type { PublicJwk } from '@inevitable/contract';
import type { Seal } from '../store/seal.js';
import type { SystemDatabase } from '../store/system-database.js';
import { newSealedKey, openSealedKey, type SealedKey, type SigningKey } from '../tokens/signing-key.js';

/** What archives are signed with; made when the first one is. No key of tokens: those are gone an hour after their last token. */
export async function archiveKey(db: SystemDatabase, seal: Seal): Promise<SigningKey> {
  const newest = async (): Promise<SealedKey | undefined> =>
    (await db.rows<SealedKey>('select kid, sealed_private from archive_keys order by created_at desc, kid limit 1'))[0];
  const known = await newest();
  if (known) return openSealedKey(known, seal);
  return db.exclusively('archive key', async () => {
    const made = await newest();
    if (made) return openSealedKey(made, seal);
    const { jwk, ...sealed } = newSealedKey(seal);
    await db.rows('insert into archive_keys (kid, public_jwk, sealed_private) values ($1, $2, $3)', [
      jwk.kid,
      JSON.stringify(jwk),
      sealed.sealed_private,
    ]);
    return openSealedKey(sealed, seal);
  });
}

/** What archives are verified with, the newest key first. */
export async function publishedArchiveKeys({ rows }: SystemDatabase): Promise<readonly PublicJwk[]> {
  const keys = await rows<{ public_jwk: PublicJwk }>(
    'select public_jwk from archive_keys order by created_at desc, kid',
  );
  return keys.map(({ public_jwk }) => public_jwk);
}
