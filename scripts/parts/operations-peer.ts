import { operationsClient, type OperationsPorts } from '@inevitable/contract';
import type { Settings } from '../settings/settings.js';
import { serviceCredentials } from './service-credentials.js';

/** Operations' ports for a process that does not host it, asked with the service's own credential. */
export async function operationsPeer(settings: Settings, service: string): Promise<OperationsPorts> {
  const credentials = await serviceCredentials(settings.dataDir, [service]);
  return operationsClient(settings.operationsUrl, credentials.get(service)!);
}
