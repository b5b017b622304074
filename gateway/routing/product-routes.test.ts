import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { accounts, handles, notes } from '../test-support/test-subgraphs.js';
import { product } from '../test-support/test-gateway.js';
import { compileRoutes } from './product-routes.js';

const subgraphs = new Map(handles(accounts(), notes()));
const routes = compileRoutes(
  [
    product('accounts', { pathPrefixes: ['/auth', '/.well-known'] }),
    product('notes', {
      pathPrefixes: ['/notes', '/auth/notes'],
      hosts: ['notes.example.com'],
      healthEndpoint: '/status',
    }),
  ],
  (name) => subgraphs.get(name),
);
const leadsTo = (host: string, path: string) => {
  const route = routes(host, path);
  return route && `${route.product.name} ${route.kind}`;
};

describe('A path', () => {
  it.each([
    ['/auth', 'accounts product'],
    ['/auth/login', 'accounts product'],
    ['/authors', null],
    ['/auth.json', null],
    ['/Auth/login', null],
    ['/auth/notes/1', 'notes product'],
    ['/auth/health', 'accounts health'],
    ['/auth/health/deep', 'accounts product'],
    ['/.well-known/jwks.json', 'accounts product'],
    ['/notes/status', 'notes health'],
    ['/notes/health', 'notes product'],
    ['/', null],
    ['/other', null],
  ])('%s leads to %j', (path, to) => {
    expect(leadsTo('any.host', path)).toBe(to);
  });

  it('that no prefix claims belongs to the product of its host', () => {
    expect(leadsTo('notes.example.com', '/whatever')).toBe('notes product');
    expect(leadsTo('notes.example.com', '/auth/login')).toBe('accounts product');
    expect(leadsTo('x.notes.example.com', '/whatever')).toBe(null);
  });

  it.each([
    ['platformforge.ai', 'accounts product'],
    ['eu.platformforge.ai', 'accounts product'],
    ['deep.eu.platformforge.ai', 'notes product'],
    ['notes.eu.platformforge.ai', 'accounts product'],
    ['platformforge.ai.evil.test', null],
    ['evilplatformforge.ai', null],
    ['.platformforge.ai', null],
  ])('on %s belongs to the product that has the host, else to the one with the longest pattern: %j', (host, to) => {
    const byHost = compileRoutes(
      [
        product('notes', { pathPrefixes: [], hosts: ['*.eu.platformforge.ai'] }),
        product('accounts', {
          pathPrefixes: [],
          hosts: ['*.platformforge.ai', 'platformforge.ai', 'notes.eu.platformforge.ai'],
        }),
      ],
      (name) => subgraphs.get(name),
    );
    expect(byHost(host, '/x')?.product.name ?? null).toBe(to && to.split(' ')[0]);
  });

  it('leads to a product only on the boundary of a segment', () => {
    fc.assert(
      fc.property(fc.string(), (rest) => {
        const claimed = rest === '' || rest.startsWith('/');
        expect(leadsTo('any.host', `/notes${rest}`) !== null).toBe(claimed);
      }),
    );
  });
});

describe('A product', () => {
  it('with routes and no subgraph stops the start', () => {
    expect(() => compileRoutes([product('ghost')], () => undefined)).toThrow(
      'Product "ghost" has routes, and no subgraph of that name was given to the gateway.',
    );
  });

  it('with routes and no subgraph leads nowhere where that may come later, and to it when it has come', () => {
    const come = new Map<string, ReturnType<typeof notes>>();
    const table = compileRoutes([product('notes')], (name) => come.get(name), true);
    expect(table('h', '/notes')).toBe(null);
    come.set('notes', notes());
    expect(table('h', '/notes')?.subgraph).toBe(come.get('notes'));
  });

  it('without routes needs none', () => {
    expect(compileRoutes([product('ghost', { pathPrefixes: [] })], () => undefined)('h', '/')).toBe(null);
  });

  it('leads to where its subgraph is now, and nowhere once it is gone', () => {
    const moved = notes();
    const table = compileRoutes([product('notes')], (name) => subgraphs.get(name));
    const before = subgraphs.get('notes');
    expect(table('h', '/notes')?.subgraph).toBe(before);
    subgraphs.set('notes', moved);
    expect(table('h', '/notes')?.subgraph).toBe(moved);
    subgraphs.delete('notes');
    expect(table('h', '/notes')).toBe(null);
    subgraphs.set('notes', before!);
  });
});
