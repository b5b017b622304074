import { assertNever, type Entitlements, type Feature } from '@inevitable/contract';

/** A feature of the plan that is switched on, has something left to meter, or has a value that is not a refusal. */
export const isEntitled =
  (feature: string) =>
  ({ features }: Entitlements): boolean =>
    Object.hasOwn(features, feature) && isIncluded(features[feature]!);

/**
 * Plans speak of features, not of products, and a feature is called `<product>.<thing>`. So a tenant has a product when its
 * plan includes any of the product's features; where the plan has a feature called like the product, that one decides alone.
 */
export const isEntitledToProduct =
  (product: string) =>
  (entitlements: Entitlements): boolean => {
    if (Object.hasOwn(entitlements.features, product)) return isEntitled(product)(entitlements);
    return Object.entries(entitlements.features).some(
      ([name, feature]) => product !== '' && name.startsWith(`${product}.`) && isIncluded(feature),
    );
  };

function isIncluded(feature: Feature): boolean {
  switch (feature.kind) {
    case 'boolean':
      return feature.enabled;
    case 'metered':
      return feature.limit > 0;
    case 'static':
      return feature.value !== undefined && feature.value !== null && feature.value !== false;
    default:
      return assertNever(feature);
  }
}
