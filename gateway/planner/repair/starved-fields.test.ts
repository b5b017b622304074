import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { composeSupergraph } from '../../supergraph/compose-supergraph.js';
import type { FetchNode } from '../query-plan.js';
import { starvedFields } from './starved-fields.js';

const link =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires", "@provides", "@shareable"])\n';

function supergraph(query: string, types = ''): ReturnType<typeof parse> {
  const sources = {
    goods: `${link} type Query { x: Int } type Parcel @key(fields: "id") { id: ID!  weight: Int @shareable }`,
    shipping: `${link} type Query { ${query} } type Parcel @key(fields: "id") { id: ID!  weight: Int @external  price: Int @requires(fields: "weight") } ${types}`,
  };
  const composed = composeSupergraph(
    Object.entries(sources).map(([name, sdl]) => ({ name, sdl, routingUrl: `http://${name}` })),
  );
  if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.errors));
  return parse(composed.sdl);
}

const fetch = (operation: string, more: Partial<FetchNode> = {}): FetchNode => ({
  kind: 'Fetch',
  serviceName: 'shipping',
  operationKind: 'query',
  operation,
  ...more,
});
const entities = '{ _entities(representations: $representations) { ... on Parcel { price } } }';

describe('A field with @requires', () => {
  const starved = starvedFields(supergraph('sent: Parcel'));

  it('starves where it is asked for on the way', () => {
    expect(starved({ kind: 'QueryPlan', node: fetch('{ sent { id ... on Parcel { price } } }') })).toEqual([
      'Parcel.price',
    ]);
  });

  it('is fed in a fetch of its entity, and nobody else has to be', () => {
    const node = fetch(entities, { requires: [{ kind: 'Field', name: 'weight' }] });
    expect(starved({ kind: 'QueryPlan', node })).toEqual([]);
    expect(starved({ kind: 'QueryPlan', node: fetch('{ sent { id weight } }', { serviceName: 'goods' }) })).toEqual([]);
  });

  it('is fed where its input is provided, and starves elsewhere in that subgraph', () => {
    const root = 'sent: Parcel @provides(fields: "weight")  lost: Parcel';
    const providing = starvedFields(supergraph(root));
    expect(providing({ kind: 'QueryPlan', node: fetch('{ sent { price } }') })).toEqual([]);
    expect(providing({ kind: 'QueryPlan', node: fetch('{ sent { id } lost { ... on Parcel { price } } }') })).toEqual([
      'Parcel.price',
    ]);
  });

  it('is fed where its input is provided from further above', () => {
    const root = 'shelf: Shelf @provides(fields: "top { weight }")';
    const providing = starvedFields(supergraph(root, 'type Shelf { top: Parcel  floor: Parcel }'));
    expect(providing({ kind: 'QueryPlan', node: fetch('{ shelf { top { price } } }') })).toEqual([]);
    expect(providing({ kind: 'QueryPlan', node: fetch('{ shelf { floor { price } } }') })).toEqual(['Parcel.price']);
  });
});
