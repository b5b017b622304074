import { describe, expect, it } from '@jest/globals';
import type { Feature } from '@inevitable/contract';
import { entitlementsWith } from '../test-support/protected-supergraph.js';
import { isEntitled, isEntitledToProduct } from './is-entitled.js';

const on: Feature = { kind: 'boolean', enabled: true };
const off: Feature = { kind: 'boolean', enabled: false };

describe('A tenant is entitled to a feature', () => {
  it.each<[string, Feature, boolean]>([
    ['that is switched on', on, true],
    ['that is switched off', off, false],
    ['with a limit', { kind: 'metered', limit: 1, per: 'day' }, true],
    ['with a limit of none', { kind: 'metered', limit: 0, per: 'month' }, false],
    ['with a value', { kind: 'static', value: { seats: 3 } }, true],
    ['whose value is zero', { kind: 'static', value: 0 }, true],
    ['whose value is false', { kind: 'static', value: false }, false],
    ['whose value is null', { kind: 'static', value: null }, false],
  ])('%s: %j is %s', (_what, feature, expected) => {
    expect(isEntitled('notes.write')(entitlementsWith({ 'notes.write': feature }))).toBe(expected);
  });

  it.each(['unknown', 'notes', 'notes.', '', 'constructor', '__proto__'])('called %j never without it', (name) => {
    expect(isEntitled(name)(entitlementsWith({ 'notes.write': on }))).toBe(false);
  });
});

describe('A tenant has a product', () => {
  it.each<[string, Record<string, Feature>, boolean]>([
    ['of which the plan includes a feature', { 'cloudops.a': off, 'cloudops.b': on }, true],
    ['not when all its features are off', { 'cloudops.a': off, 'cloudops.b': off }, false],
    ['not for the features of another', { 'cloudopsplus.a': on, 'my.cloudops.a': on }, false],
    ['that the plan names itself', { cloudops: on }, true],
    ['not when the plan names it and says no', { cloudops: off, 'cloudops.a': on }, false],
    ['not with an empty plan', {}, false],
  ])('%s', (_what, features, expected) => {
    expect(isEntitledToProduct('cloudops')(entitlementsWith(features))).toBe(expected);
  });

  it('never one without a name', () => {
    expect(isEntitledToProduct('')(entitlementsWith({ '.a': on, a: on }))).toBe(false);
  });
});
