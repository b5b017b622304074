import { identityClient, type RemoteIdentity } from '@inevitable/contract';
import type { Settings } from '../settings/settings.js';
import { serviceCredentials } from './service-credentials.js';

/** Identity's ports for a process that does not host it, asked with the service's own credential. */
export async function identityPeer(settings: Settings, service: string): Promise<RemoteIdentity> {
  const credentials = await serviceCredentials(settings.dataDir, [service]);
  return identityClient(settings.identityUrl, credentials.get(service)!);
}
