import { generateKeyPairSync } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { serviceCredential, type ServiceCredential } from '@inevitable/contract';
import { v7 } from 'uuid';
import { secretFile } from './data-directory.js';

function newCredential(service: string): ServiceCredential {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y, d } = privateKey.export({ format: 'jwk' }) as { x: string; y: string; d: string };
  return { service, kid: v7(), privateKey: { kty: 'EC', crv: 'P-256', x, y, d } };
}

/** One file per service in `<data directory>/credentials/`, made when missing. */
export async function serviceCredentials(
  dataDir: string,
  services: readonly string[],
): Promise<ReadonlyMap<string, ServiceCredential>> {
  const folder = join(dataDir, 'credentials');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const entries = await Promise.all(
    services.map(async (service) => {
      const text = await secretFile(join(folder, `${service}.json`), () =>
        JSON.stringify(newCredential(service), null, 2),
      );
      return [service, serviceCredential.parse(JSON.parse(text))] as const;
    }),
  );
  return new Map(entries);
}

/** What identity is told about a service: the public half. */
export const publicHalf = ({ service, kid, privateKey: { kty, crv, x, y } }: ServiceCredential) => ({
  service,
  kid,
  publicKey: { kty, crv, x, y },
});
