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
        schema: { kind: 'file', file: 'identity/service/graph/schema.graphql', line: 6 },
      },
      {
        name: 'remote',
        routingUrl: 'https://remote.test/graphql',
        schema: { kind: 'introspect', url: 'https://remote.test/graphql', line: 9 },
        timeoutMs: 2_500,
        subscriptions: { protocol: 'graphql-transport-ws', url: 'wss://remote.test/live' },
      },
      {
        name: 'streams',
        routingUrl: 'https://streams.test/graphql',
        schema: { kind: 'file', file: 'streams.graphql', line: 14 },
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
    ['subgraphs: 5', 'supergraph.yaml:1: "subgraphs" must be a mapping.'],
    [
      'subgraphs: {}\nsubgraphs: {}',
      'supergraph.yaml:2: "subgraphs" is already there, in line 1: two cannot have one name.',
    ],
    [
      'subgraphs:\n  a: { routing_url: "http://a/graphql", schema: { file: a } }\n  "a":\n    schema: { file: b }',
      'supergraph.yaml:3: "subgraphs.a" is already there, in line 2: two cannot have one name.',
    ],
    ['a: 1\nsubgraphs: [', expect.stringMatching(/^supergraph.yaml:2:\d+: this is not valid YAML: [^\n]*[^.]\.$/)],
    ['subgraphs: *nobody', expect.stringMatching(/^supergraph.yaml: its aliases cannot be resolved: .*nobody\.$/)],
    [
      'a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nsubgraphs: [*c,*c,*c,*c]',
      'supergraph.yaml: its aliases cannot be resolved: Excessive alias count indicates a resource exhaustion attack.',
    ],
    ['subgraphs: { a: { schema: { file: x } } }', 'supergraph.yaml:1: "subgraphs.a.routing_url" must be a string.'],
    [
      'subgraphs: { a: { routing_url: "ftp://a", schema: { file: x } } }',
      'supergraph.yaml:1: "subgraphs.a.routing_url" must be an http or https URL.',
    ],
    [
      'subgraphs: { a: { routing_url: "http://a", schema: { graphref: x } } }',
      'supergraph.yaml:1: "subgraphs.a.schema" must be { file: … } or { subgraph_url: … }.',
    ],
    [
      'subgraphs: { A b: { routing_url: "http://a", schema: { file: x } } }',
      'supergraph.yaml:1: "subgraphs.A b" must be a lower-case name such as "claude-config".',
    ],
    ...['0', '600001', '1.5', '-1'].map((ms): [string, string] => [
      withKeys(`timeout_ms: ${ms}`),
      'supergraph.yaml:1: "subgraphs.a.timeout_ms" must be a whole number of milliseconds from 1 to 600000.',
    ]),
    [withKeys('timeout_ms: 30s'), 'supergraph.yaml:1: "subgraphs.a.timeout_ms" must be a number.'],
    ...['0', '2.5', '-1'].map((limit): [string, string] => [
      `protection: { limits: { max_depth: ${limit} } }\nsubgraphs: {}`,
      'supergraph.yaml:1: "protection.limits.max_depth" must be a whole number, 1 or more.',
    ]),
    [
      'subgraphs: {}\nprotection:\n  limits: { depth: 5 }',
      'supergraph.yaml:3: "protection.limits.depth" is not a known key.',
    ],
    [withKeys('subscription: ws'), 'supergraph.yaml:1: "subgraphs.a.subscription" must be a mapping.'],
    [
      withKeys('subscription: { protocol: mqtt }'),
      'supergraph.yaml:1: "subgraphs.a.subscription.protocol" must be ws or sse.',
    ],
    [
      withKeys('subscription: { url: "ws://a" }'),
      'supergraph.yaml:1: "subgraphs.a.subscription.protocol" must be ws or sse.',
    ],
    [
      withKeys('subscription: { protocol: ws, url: "http://a" }'),
      'supergraph.yaml:1: "subgraphs.a.subscription.url" must be a ws or wss URL, as "protocol" is ws.',
    ],
    [
      withKeys('subscription: { protocol: sse, url: "ws://a" }'),
      'supergraph.yaml:1: "subgraphs.a.subscription.url" must be an http or https URL, as "protocol" is sse.',
    ],
    [
      withKeys('subscription: { protocol: ws, path: /x }'),
      'supergraph.yaml:1: "subgraphs.a.subscription.path" is not a known key.',
    ],
    [
      'subgraphs:\n  __proto__: { routing_url: http://a }',
      'supergraph.yaml:2: "subgraphs.__proto__" must be a lower-case name such as "claude-config".',
    ],
    [
      `${subgraphs}products:\n  "__proto__": { module: a }`,
      'supergraph.yaml:3: "products.__proto__" must be a lower-case name such as "claude-config".',
    ],
    [`${subgraphs}productz: {}`, 'supergraph.yaml:2: "productz" is not a known key.'],
    [`${subgraphs}products:\n  a: { modul: a }`, 'supergraph.yaml:3: "products.a.modul" is not a known key.'],
    [
      `${subgraphs}products: { a: { module: x, auth: no } }`,
      'supergraph.yaml:2: "products.a.auth" is not a known key.',
    ],
    [`${subgraphs}products: { a: { } }`, 'supergraph.yaml:2: "products.a.module" must be a string.'],
    [`${subgraphs}products: { a: { module: '' } }`, 'supergraph.yaml:2: "products.a.module" must not be empty.'],
    [
      `${subgraphs}products: { a: { module: x, auth_required: "no" } }`,
      'supergraph.yaml:2: "products.a.auth_required" must be a boolean.',
    ],
    [
      `${subgraphs}products: { a: { module: x, path_prefix: a/ } }`,
      'supergraph.yaml:2: "products.a.path_prefix" must be a path such as "/billing", or a list of them.',
    ],
    [
      `${subgraphs}products: { a: { module: x, hosts: ["a:80"] } }`,
      'supergraph.yaml:2: "products.a.hosts.0" must be a host name without port, or "*." and one.',
    ],
    [
      `${subgraphs}products: { a: { module: x, path_prefix: /a }, b: { module: y, path_prefix: [/b, /a] } }`,
      'supergraph.yaml:2: "/a" leads to both "products.a" and "products.b".',
    ],
    [
      `${subgraphs}products:\n  a:\n    module: x\n    hosts:\n      - a.test\n      - b.test\n  b:\n    module: y\n    hosts:\n      - c.test\n      - a.test`,
      'supergraph.yaml:12: "a.test" leads to both "products.a" and "products.b".',
    ],
    [
      `${subgraphs}products:\n  a:\n    module: x\n    auth: no`,
      'supergraph.yaml:5: "products.a.auth" is not a known key.',
    ],
    [`${subgraphs}products:\n  a:\n    hosts: []`, 'supergraph.yaml:3: "products.a.module" must be a string.'],
  ])('refuses %j in one sentence that names file, line and key', (text, sentence) => {
    expect(problem(text)).toEqual(sentence);
  });

  it("refuses a prefix that would hide the gateway's own paths", () => {
    expect(problem(`${subgraphs}products: { a: { module: x, path_prefix: /graphql } }`)).toContain(
      '"products.a.path_prefix"',
    );
  });
});

describe('lint in supergraph.yaml', () => {
  it('says how strict each rule is and where it does not hold, with the lines that say it', () => {
    const { lint } = parseSupergraphConfig(
      `${subgraphs}lint:
  rules:
    timestamps: off
    id-type: warn
  ignore:
    - { rule: id-type, at: Job.*, reason: they are old }
    - rule: mutation-input
      at: Mutation.a(id:)
      reason: clients have it
`,
      'supergraph.yaml',
    );
    expect([...lint.rules]).toEqual([
      ['timestamps', { level: 'off', line: 4 }],
      ['id-type', { level: 'warn', line: 5 }],
    ]);
    expect(lint.ignore).toEqual([
      { rule: 'id-type', at: 'Job.*', reason: 'they are old', line: 7 },
      { rule: 'mutation-input', at: 'Mutation.a(id:)', reason: 'clients have it', line: 8 },
    ]);
    expect(parseSupergraphConfig(subgraphs, 'supergraph.yaml').lint).toEqual({ rules: new Map(), ignore: [] });
  });

  it.each([
    ['rules: { timestamps: strict }', '"lint.rules.timestamps" must be off, warn or error.'],
    ['ignore: [{ rule: a, at: Job }]', '"lint.ignore.0.reason" must be a string.'],
    [
      'ignore: [{ rule: a, at: Job, reason: " " }]',
      '"lint.ignore.0.reason" must say why the rule does not hold there.',
    ],
    [
      'ignore: [{ rule: a, at: Job.a.b, reason: x }]',
      '"lint.ignore.0.at" must be a schema coordinate such as Type, Type.field or Type.*.',
    ],
    ['ignored: []', '"lint.ignored" is not a known key.'],
  ])('is refused with its line where it cannot be meant: %s', (keys, sentence) => {
    expect(problem(`${subgraphs}lint:\n  ${keys}\n`)).toBe(`supergraph.yaml:3: ${sentence}`);
  });
});
