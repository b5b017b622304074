import { createPrivateKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { newId } from '@inevitable/kit';
import type { PublicJwk } from '@inevitable/contract';
import type { Seal } from '../store/seal.js';

/** What access tokens are signed with. The `KeyObject` is made once: importing it costs more than signing does. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/** A signing key as it is stored: its private half is sealed under its id. */
export interface SealedKey {
  readonly kid: string;
  readonly sealed_private: Buffer;
}

/** The stored encryption secret is not the one the keys were sealed with. */
export class WrongEncryptionSecret extends Error {}

/** A key pair that nobody has seen yet, ready to be stored. */
export function newSealedKey(seal: Seal): SealedKey & { readonly jwk: PublicJwk } {
  const kid = newId();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const sealed = seal.close(kid, JSON.stringify(privateKey.export({ format: 'jwk' })));
  return { kid, sealed_private: sealed, jwk: publicJwk(kid, publicKey) };
}

/** A public P-256 key as we publish it (RFC 7517). */
function publicJwk(kid: string, key: KeyObject): PublicJwk {
  const { x, y } = key.export({ format: 'jwk' });
  return { kid, kty: 'EC', crv: 'P-256', x: x!, y: y!, alg: 'ES256', use: 'sig' };
}

/** Throws `WrongEncryptionSecret`. */
export function openSealedKey({ kid, sealed_private }: SealedKey, seal: Seal): SigningKey {
  let jwk: JsonWebKey;
  try {
    jwk = JSON.parse(seal.open(kid, sealed_private));
  } catch (cause) {
    throw new WrongEncryptionSecret(
      `Signing key "${kid}" was encrypted with another secret. Start identity with the secret of its first start.`,
      { cause },
    );
  }
  return { kid, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) };
}
