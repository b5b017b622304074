import { describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import { contextFor } from '../../gateway/test-support/test-subgraphs.js';
import { testGraph, type TestGraph } from './test-graph.js';

/** Each side says its own name, so that an answer shows who gave it. */
const sides = (label?: string) => ({
  old: {
    sdl: `
      type Query { bill: Bill  bills: [Bill!]! }
      type Bill @key(fields: "id") { id: ID!  total: String  note: String }
    `,
    resolvers: {
      Query: { bill: () => ({ id: '1' }), bills: () => [{ id: '1' }, { id: '2' }] },
      Bill: { total: () => 'old', note: () => 'kept' },
    },
    entity: (representation: object) => representation,
  },
  new: {
    sdl: `
      type Query { newest: Bill }
      type Bill @key(fields: "id") {
        id: ID!
        total: String @override(from: "old"${label === undefined ? '' : `, label: "${label}"`})
      }
    `,
    resolvers: { Query: { newest: () => ({ id: '1' }) }, Bill: { total: () => 'new' } },
    entity: (representation: object) => representation,
  },
});

const totalFor = async (graph: TestGraph, context?: RequestContext): Promise<unknown> =>
  ((await graph.ask('{ bill { total } }', context && { context })) as { data: { bill: { total: string } } }).data.bill
    .total;
const requests = Array.from({ length: 200 }, (_, index) => contextFor({ requestId: `request ${index}` }));
const tenant = (id: string) => contextFor({ tenant: { id, plan: 'free', entitlementsDigest: '' } as never });

describe('A field with @override', () => {
  it('is asked of the subgraph that took it over, and no longer of the other', async () => {
    const graph = await testGraph(sides());
    expect(await graph.ask('{ bill { total note } bills { total } newest { total note } }')).toEqual({
      data: {
        bill: { total: 'new', note: 'kept' },
        bills: [{ total: 'new' }, { total: 'new' }],
        newest: { total: 'new', note: 'kept' },
      },
    });
    expect(graph.fieldsAskedOf('old')).not.toContain('total');
  });
});

describe('A field with a progressive @override', () => {
  it.each([
    ['percent(0)', 'old'],
    ['percent(100)', 'new'],
  ])('labelled %s is always asked of the %s subgraph', async (label, side) => {
    const graph = await testGraph(sides(label));
    for (const context of requests.slice(0, 20)) expect(await totalFor(graph, context)).toBe(side);
    expect(graph.askedSubgraphs).toEqual(side === 'old' ? ['old'] : ['old', 'new']);
  });

  it('labelled with a percentage is asked of both sides, in about that proportion', async () => {
    const graph = await testGraph(sides('percent(30)'));
    const totals = [];
    for (const context of requests) totals.push(await totalFor(graph, context));
    const share = totals.filter((total) => total === 'new').length / totals.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.45);
  });

  it('shows one tenant one side, whatever the request', async () => {
    const graph = await testGraph(sides('percent(50)'));
    for (const id of ['acme', 'globex', 'initech']) {
      const totals = new Set<unknown>();
      for (const { requestId } of requests.slice(0, 10))
        totals.add(await totalFor(graph, { ...tenant(id), requestId }));
      expect(totals.size).toBe(1);
    }
  });

  it('with a named label is asked of the side that an extension decides, in the same operation', async () => {
    const graph = await testGraph(sides('beta'), {
      extensions: [
        {
          name: 'beta-testers',
          contract: 1,
          decideOverride: (label, { requestId }) => (label === 'beta' ? requestId === 'tester' : undefined),
        },
      ],
    });
    expect(await totalFor(graph, contextFor({ requestId: 'tester' }))).toBe('new');
    expect(await totalFor(graph, contextFor({ requestId: 'somebody' }))).toBe('old');
    expect(await totalFor(graph, contextFor({ requestId: 'tester' }))).toBe('new');
  });

  it('with a label nobody decides stays with the old subgraph', async () => {
    expect(await totalFor(await testGraph(sides('unheard-of')))).toBe('old');
  });
});
