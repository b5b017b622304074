import type { RequestContext } from '@inevitable/contract';
import { isEntitled, isEntitledToProduct } from './is-entitled.js';
import type { EntitlementsOf } from './tenant-entitlements.js';

/** Whether a policy holds for the caller. Undefined: the name means nothing to whoever was asked. */
export type DecidePolicy = (
  policy: string,
  context: RequestContext,
) => boolean | undefined | Promise<boolean | undefined>;

const FEATURE = 'entitled:';
const PRODUCT = 'product:';

/**
 * Answers `entitled:<feature>` and `product:<product>` from what the caller's tenant may use, and leaves every other name to
 * `decideOther`. Nobody in particular is entitled to nothing; without `entitlementsOf` (`--auth off`) nor is anybody.
 */
export function decidePolicies(
  entitlementsOf: EntitlementsOf | null,
  decideOther: DecidePolicy = () => undefined,
): DecidePolicy {
  return (policy, context) => {
    const holds = policy.startsWith(FEATURE)
      ? isEntitled(policy.slice(FEATURE.length))
      : policy.startsWith(PRODUCT)
        ? isEntitledToProduct(policy.slice(PRODUCT.length))
        : null;
    if (holds === null) return decideOther(policy, context);
    if (!entitlementsOf || !context.tenant) return false;
    const found = entitlementsOf(context.tenant);
    return found instanceof Promise ? found.then(holds) : holds(found);
  };
}
