import type { Logger } from 'pino';
import type { GatheredExtensions } from '../extensions/gather-extensions.js';
import type { AuthorizationOptions } from './authorize.js';
import { decidePolicies } from './decide-policies.js';
import type { EntitlementsOf } from './tenant-entitlements.js';

/** How a server decides: entitlements first, its extensions for every other policy. Without entitlements nobody has any. */
export const authorizationWith = (
  mode: AuthorizationOptions['mode'],
  entitlementsOf: EntitlementsOf | null,
  { decidePolicy }: GatheredExtensions,
  log: Logger,
): AuthorizationOptions => ({
  mode,
  decidePolicy: decidePolicies(entitlementsOf, decidePolicy ?? undefined),
  onPolicyFailed: (policy, error) => log.error({ err: error, policy }, 'A policy could not be decided.'),
});
