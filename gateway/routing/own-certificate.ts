import { readFile } from 'node:fs/promises';
import { createSecureContext, type Server } from 'node:tls';
import type { Logger } from 'pino';

/** PEM files: the certificate with those that vouch for it, and its private key. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** How soon a renewed certificate is served. */
const LOOK_EVERY_MS = 60_000;

/** Throws with a sentence for the operator where the two are none, or do not belong together. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([textOf(certFile), textOf(keyFile)]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    // OpenSSL's own words, which name no content.
    throw new Error(`${certFile} and ${keyFile} cannot be used as a certificate: ${(cause as Error).message}.`, {
      cause,
    });
  }
  return { cert, key };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`${file} cannot be read${code === undefined ? '' : ` (${code})`}.`, { cause });
  }
}

/**
 * Serves a renewed certificate without a restart, to connections that begin after it was seen: certificates are renewed
 * every few weeks, by programs that write files. One that cannot be used leaves the one before, and a line in the log.
 * Returns what ends it.
 */
export function followCertificate(
  server: Pick<Server, 'setSecureContext'>,
  files: CertificateFiles,
  served: Certificate,
  log: Logger,
): () => void {
  let current = served;
  const look = async (): Promise<void> => {
    try {
      const read = await readCertificate(files);
      if (read.cert === current.cert && read.key === current.key) return;
      server.setSecureContext(read);
      current = read;
      log.info('A renewed certificate is served.');
    } catch (error) {
      log.error({ err: error }, 'The certificate was renewed with one that cannot be used; the one before is served.');
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
