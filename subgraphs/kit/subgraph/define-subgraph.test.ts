import { describe, expect, it } from '@jest/globals';
import type { Feature } from '@inevitable/contract';
import { BadFeature, defineSubgraph } from './define-subgraph.js';

const declare = (name: string, feature: Feature = { kind: 'boolean', enabled: true }) =>
  defineSubgraph({
    name: 'forge',
    owner: 'team-forge',
    schema: new URL('file:///schema.graphql'),
    resolvers: {},
    features: { [name]: { pro: feature } },
  });

describe('A subgraph', () => {
  it.each(['platforms', 'forge', 'forgery.platforms', 'starter.notes', '.forge', 'Forge.platforms', ''])(
    'cannot declare the feature "%s" of another product',
    (name) => {
      expect(() => declare(name)).toThrow(BadFeature);
      expect(() => declare(name)).toThrow(
        `Feature "${name}" is declared by "forge": its name must begin with "forge.".`,
      );
    },
  );

  it.each([-1, 1.5, NaN, Infinity, 2 ** 53])('cannot limit a feature to %d', (limit) => {
    const declaring = () => declare('forge.platforms', { kind: 'metered', limit, per: 'month' });
    expect(declaring).toThrow(BadFeature);
    expect(declaring).toThrow(
      `Feature "forge.platforms" is limited to ${limit} in the plan "pro": that is no whole number from 0.`,
    );
  });

  it('keeps the features it declares', () => {
    const { features } = declare('forge.platforms', { kind: 'metered', limit: 0, per: 'day' });
    expect(features).toEqual({ 'forge.platforms': { pro: { kind: 'metered', limit: 0, per: 'day' } } });
  });
});
