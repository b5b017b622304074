import { describe, expect, it } from '@jest/globals';
import { BadSupergraphConfig, parseSupergraphConfig } from './supergraph-config.js';

const GOOD = `
federation_version: =2.9.0
subgraphs:
  identity:
    routing_url: http://127.0.0.1:3333/graphql
    schema: { file: identity/service/graph/schema.graphql }
  remote:
    routing_url: https://remote.test/graphql
    schema: { subgraph_url: https://remote.test/graphql }
    timeout_ms: 2500
    subscription: { protocol: ws, url: wss://remote.test/live }
  streams:
    routing_url: https://streams.test/graphql
    schema: { file: streams.graphql }
    subscription: { protocol: sse }
products:
  identity:
    module: '@inevitable/identity'
    path_prefix: [/auth, /.well-known]
    auth_required: false
  remote:
    module: ./remote
    hosts: [Forge.Example.com]
    path_prefix: /remote
    health_endpoint: /status
`;

const problem = (text: string): string => {
  try {
    parseSupergraphConfig(text, 'supergraph.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(BadSupergraphConfig);
    return (error as Error).message;
  }
  return 'accepted';
};

const withKeys = (keys: string) =>
  `subgraphs: { a: { routing_url: "http://a/graphql", schema: { file: a.graphql }, ${keys} } }`;
const subgraphs = 'subgraphs: { a: { routing_url: "http://a/graphql", schema: { file: a.graphql } } }\n';

describe('supergraph.yaml', () => {
  it('is read as Rover users wrote it, with our products beside it', () => {
    const config = parseSupergraphConfig(GOOD, 'supergraph.yaml');
    expect(config.federationVersion).toBe('=2.9.0');
    expect([...config.subgraphs.values()]).toEqual([
      {
        name: 'identity',
        routingUrl: 'http://127.0.0.1:3333/graphql',
        schema: { kind: 'file', file: 'identity/service/graph/schema.graphql' },
      },
      {
        name: 'remote',
        routingUrl: 'https://remote.test/graphql',
        schema: { kind: 'introspect', url: 'https://remote.test/graphql' },
        timeoutMs: 2_500,
        subscriptions: { protocol: 'graphql-transport-ws', url: 'wss://remote.test/live' },
      },
      {
        name: 'streams',
        routingUrl: 'https://streams.test/graphql',
        schema: { kind: 'file', file: 'streams.graphql' },
        subscriptions: { protocol: 'sse' },
      },
    ]);
    expect([...config.products.values()]).toEqual([
      {
        name: 'identity',
        module: '@inevitable/identity',
        hosts: [],
        pathPrefixes: ['/auth', '/.well-known'],
        authRequired: false,
        healthEndpoint: '/health',
      },
      {
        name: 'remote',
        module: './remote',
        hosts: ['forge.example.com'],
        pathPrefixes: ['/remote'],
        authRequired: true,
        healthEndpoint: '/status',
      },
    ]);
  });

  it('needs no products', () => {
    expect(parseSupergraphConfig(subgraphs, 'f').products.size).toBe(0);
  });

  it.each([
    ['', 'supergraph.yaml must be a mapping.'],
    ['subgraphs: 5', 'supergraph.yaml: "subgraphs" must be a mapping.'],
    ['subgraphs: {}\nsubgraphs: {}', 'supergraph.yaml is not valid YAML at line 2, column 1: Map keys must be unique.'],
    ['subgraphs: [', expect.stringMatching(/^supergraph.yaml is not valid YAML at line 1, column \d+: /)],
    ['subgraphs: { a: { schema: { file: x } } }', 'supergraph.yaml: "subgraphs.a.routing_url" must be a string.'],
    [
      'subgraphs: { a: { routing_url: "ftp://a", schema: { file: x } } }',
      'supergraph.yaml: "subgraphs.a.routing_url" must be an http or https URL.',
    ],
    [
      'subgraphs: { a: { routing_url: "http://a", schema: { graphref: x } } }',
      'supergraph.yaml: "subgraphs.a.schema" must be { file: … } or { subgraph_url: … }.',
    ],
    [
      'subgraphs: { A b: { routing_url: "http://a", schema: { file: x } } }',
      'supergraph.yaml: "subgraphs.A b" must be a lower-case name such as "claude-config".',
    ],
    ...['0', '600001', '1.5', '-1'].map((ms): [string, string] => [
      withKeys(`timeout_ms: ${ms}`),
      'supergraph.yaml: "subgraphs.a.timeout_ms" must be a whole number of milliseconds from 1 to 600000.',
    ]),
    [withKeys('timeout_ms: 30s'), 'supergraph.yaml: "subgraphs.a.timeout_ms" must be a number.'],
    [withKeys('subscription: ws'), 'supergraph.yaml: "subgraphs.a.subscription" must be a mapping.'],
    [
      withKeys('subscription: { protocol: mqtt }'),
      'supergraph.yaml: "subgraphs.a.subscription.protocol" must be ws or sse.',
    ],
    [
      withKeys('subscription: { url: "ws://a" }'),
      'supergraph.yaml: "subgraphs.a.subscription.protocol" must be ws or sse.',
    ],
    [
      withKeys('subscription: { protocol: ws, url: "http://a" }'),
      'supergraph.yaml: "subgraphs.a.subscription.url" must be a ws or wss URL, as "protocol" is ws.',
    ],
    [
      withKeys('subscription: { protocol: sse, url: "ws://a" }'),
      'supergraph.yaml: "subgraphs.a.subscription.url" must be an http or https URL, as "protocol" is sse.',
    ],
    [
      withKeys('subscription: { protocol: ws, path: /x }'),
      'supergraph.yaml: "subgraphs.a.subscription.path" is not a known key.',
    ],
    [`${subgraphs}productz: {}`, 'supergraph.yaml: "productz" is not a known key.'],
    [`${subgraphs}products: { a: { module: x, auth: no } }`, 'supergraph.yaml: "products.a.auth" is not a known key.'],
    [`${subgraphs}products: { a: { } }`, 'supergraph.yaml: "products.a.module" must be a string.'],
    [`${subgraphs}products: { a: { module: '' } }`, 'supergraph.yaml: "products.a.module" must not be empty.'],
    [
      `${subgraphs}products: { a: { module: x, auth_required: "no" } }`,
      'supergraph.yaml: "products.a.auth_required" must be a boolean.',
    ],
    [
      `${subgraphs}products: { a: { module: x, path_prefix: a/ } }`,
      'supergraph.yaml: "products.a.path_prefix" must be a path such as "/billing", or a list of them.',
    ],
    [
      `${subgraphs}products: { a: { module: x, hosts: ["a:80"] } }`,
      'supergraph.yaml: "products.a.hosts.0" must be a host name without port.',
    ],
    [
      `${subgraphs}products: { a: { module: x, path_prefix: /a }, b: { module: y, path_prefix: [/b, /a] } }`,
      'supergraph.yaml: "/a" leads to both "products.a" and "products.b".',
    ],
  ])('refuses %j in one sentence that names file and key', (text, sentence) => {
    expect(problem(text)).toEqual(sentence);
  });

  it("refuses a prefix that would hide the gateway's own paths", () => {
    expect(problem(`${subgraphs}products: { a: { module: x, path_prefix: /graphql } }`)).toContain(
      '"products.a.path_prefix"',
    );
  });
});
