import type { Identity } from '@inevitable/identity';
import { BadSetting, type Settings } from '../settings/settings.js';

/** Throws `BadSetting`, which lists what was found, where a customer's deployment could be entered with what a development start had made. */
export async function assertForCustomers({ deployment }: Settings, identity: Identity): Promise<void> {
  if (deployment !== 'customer') return;
  const found = await identity.developmentCredentials();
  if (found.length === 0) return;
  throw new BadSetting(
    `DEPLOYMENT_CONTEXT is "customer", and this database lets developers in: ${found.join(', ')}. Disable each with "stack user disable <e-mail>", or start with another database.`,
  );
}
