import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { PublicJwk } from '@inevitable/contract';
import { readSetup } from '../processes/as-child.js';

/** What every gateway is started with. */
export interface GatewaySetup {
  readonly supergraphFile: string;
  /** By the subgraph's name. */
  readonly subgraphs: Readonly<Record<string, string>>;
  readonly issuer: string;
  /** Of the one key that signs access tokens. */
  readonly publicJwk: PublicJwk;
}

/** The parsed form, once, for a gateway's own process. */
export interface GatewayGiven extends GatewaySetup {
  readonly supergraphSdl: string;
  readonly publicKey: KeyObject;
}

export async function givenSetup(): Promise<GatewayGiven> {
  const setup = readSetup<GatewaySetup>();
  return {
    ...setup,
    supergraphSdl: await readFile(setup.supergraphFile, 'utf8'),
    publicKey: createPublicKey({ key: { ...setup.publicJwk }, format: 'jwk' }),
  };
}
