import { createPublicKey, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '@inevitable/contract';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { SigningKey } from '../tokens/signing-key.js';

/** The form of an archive; another number where a reader of this one would be misled. */
export const ARCHIVE_FORMAT = 'inevitable-archive/1';
/** Keeps signatures apart: one of an archive is none of a token (RFC 8725, section 3.11). */
const TYPE = 'archive-manifest+jws';

/** What an archive holds, and of whom. */
export const archiveManifest = z.object({
  format: z.literal(ARCHIVE_FORMAT),
  /** Of the stack that made it. */
  issuer: z.string(),
  orderId: z.uuid(),
  of: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('tenant'), id: z.uuid(), slug: z.string(), name: z.string() }),
    z.object({ kind: z.literal('person'), id: z.uuid() }),
  ]),
  orderedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  files: z.array(
    z.object({
      path: z.string(),
      bytes: z.int().nonnegative(),
      sha256: z.string(),
      rows: z.int().nonnegative().optional(),
    }),
  ),
});
export type ArchiveManifest = z.output<typeof archiveManifest>;

/** A compact JWS (RFC 7515) whose payload is the manifest as its file has it. */
export const signManifest = (manifest: string, { kid, privateKey }: SigningKey): string =>
  jwt.sign(manifest, privateKey, { algorithm: 'ES256', header: { alg: 'ES256', typ: TYPE, kid } });

/** The manifest that was signed, as text; null: the signature is none of these keys'. */
export function verifiedManifest(signed: string, keys: readonly PublicJwk[]): string | null {
  const decoded = jwt.decode(signed, { complete: true });
  if (decoded?.header.typ !== TYPE) return null;
  const jwk = keys.find(({ kid }) => kid === decoded.header.kid);
  if (!jwk) return null;
  const key: KeyObject = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  // jsonwebtoken parses a payload that is JSON, and the very text is what was signed.
  try {
    jwt.verify(signed, key, { algorithms: ['ES256'] });
  } catch {
    return null;
  }
  return Buffer.from(signed.split('.')[1]!, 'base64url').toString('utf8');
}
