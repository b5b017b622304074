import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  anonymousContext,
  assertionCheck,
  BadUserInput,
  operationsClient,
  PeerFailed,
  serviceAssertions,
  type OperationUsage,
  type PublishedSupergraph,
  type ServiceCredential,
  type TrafficBatch,
} from '@inevitable/contract';
import { hostSubgraph, serveSubgraph, type ServedSubgraph } from '@inevitable/kit/host';
import { until } from '@inevitable/kit/testing';
import { pino } from 'pino';
import { operationsInternalApi, type OperationsInternalApi } from './internal-api.js';
import { operationsSubgraph } from './subgraph.js';

const version = (number: number): PublishedSupergraph => ({
  number,
  id: `id-${number}`,
  sdl: `type Query # ${number}`,
});

const usage = (given: Partial<OperationUsage> = {}): OperationUsage => ({
  signature: 'a'.repeat(64),
  operationName: 'Notes',
  document: '{ notes }',
  inputs: ['NoteOrder.NEWEST'],
  client: { name: 'web', version: null },
  plan: 'free',
  hour: 3_600_000,
  count: 2,
  errors: 1,
  totalMs: 12.5,
  ...given,
});

const latency = { buckets: [40, 41], counts: [2, 1], totalMs: 24.5, maxMs: 9 };
const traffic = (given: Partial<TrafficBatch> = {}): TrafficBatch => ({
  gateway: '01890000-0000-7000-8000-000000000000',
  number: 1,
  lost: 0,
  minutes: [
    {
      minute: 60_000,
      requests: { answered: 2, errors: 1, refused: 0, failed: 0, left: 0 },
      latency,
      operations: [
        {
          signature: 'a'.repeat(64),
          name: 'Notes',
          forTenants: true,
          count: 3,
          errors: 1,
          refused: 0,
          cost: 12,
          latency,
          fetches: [{ subgraph: 'notes', type: null, fetches: 3, entities: 0 }],
        },
      ],
      subgraphs: [{ subgraph: 'notes', fetches: 3, failed: 0, shared: 0, bytes: 100, latency }],
    },
  ],
  ...given,
});

/** With one thing about its operation that is not so. */
const oddTraffic = (odd: object) => {
  const [minute] = traffic().minutes;
  return traffic({ minutes: [{ ...minute!, operations: [{ ...minute!.operations[0]!, ...odd }] }] });
};

function credentialOf(service: string): ServiceCredential {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { service, kid: service, privateKey: privateKey.export({ format: 'jwk' }) as ServiceCredential['privateKey'] };
}
const gateway = credentialOf('gateway');
const starter = credentialOf('starter');
const stranger = credentialOf('gateway');

/** A registry in the test's hands. */
class Registry {
  latest: PublishedSupergraph | null = null;
  asked = 0;
  watchers = new Set<{
    onVersion: (version: PublishedSupergraph) => void;
    onProblem?: ((problem: string | null) => void) | undefined;
  }>();
  failure: Error | null = null;

  current = async () => {
    this.asked++;
    if (this.failure) throw this.failure;
    return this.latest;
  };
  watch = (
    onVersion: (version: PublishedSupergraph) => void,
    onProblem?: (problem: string | null) => void,
  ): (() => void) => {
    const watcher = { onVersion, onProblem };
    this.watchers.add(watcher);
    if (this.latest) onVersion(this.latest);
    return () => void this.watchers.delete(watcher);
  };
  publish(number: number): void {
    this.latest = version(number);
    for (const { onVersion } of this.watchers) onVersion(this.latest);
  }
  fail(problem: string | null): void {
    this.failure = problem === null ? null : new Error(problem);
    for (const { onProblem } of this.watchers) onProblem?.(problem);
  }
}

let registry: Registry;
let recorded: OperationUsage[][];
/** How often it was told that something is left out. */
let leftOut: number;
let refuseUsage: Error | null;
let counted: TrafficBatch[];
/** Assertions that identity was asked for. */
let verified: string[];
let identityIsAway: boolean;
let api: OperationsInternalApi;
let served: ServedSubgraph;
const logged: string[] = [];
const log = pino({ level: 'error' }, { write: (line: string) => void logged.push(line) });

/** What holds, by assertion and audience. */
const made = new Map<string, string>();
const services = {
  verify: async (assertion: string, audience: string) => {
    verified.push(assertion);
    if (identityIsAway) throw new PeerFailed('Identity did not answer.');
    return made.get(`${audience} ${assertion}`) ?? null;
  },
};
function assertionOf(credential: ServiceCredential, audience = 'operations'): string {
  const assertion = serviceAssertions(credential, audience)();
  made.set(`${audience} ${assertion}`, credential.service);
  return assertion;
}

const subgraph = hostSubgraph(operationsSubgraph({ events: [], jobs: [] } as never), {
  database: null,
  entitlements: {} as never,
  events: null,
  log,
});
beforeEach(async () => {
  [registry, recorded, leftOut, refuseUsage, verified, identityIsAway] = [new Registry(), [], 0, null, [], false];
  counted = [];
  logged.length = 0;
  const port = {
    record: async (batch: readonly OperationUsage[], areLeftOut?: boolean) => {
      if (refuseUsage) throw refuseUsage;
      recorded.push([...batch]);
      if (areLeftOut) leftOut++;
    },
  };
  api = operationsInternalApi(
    { registry, usage: port, traffic: { record: async (batch) => void counted.push(batch) } },
    services,
    log,
  );
  served = await serveSubgraph(subgraph, {
    host: '127.0.0.1',
    port: 0,
    verifyContext: (_token, facts) => Promise.resolve(anonymousContext({ ...facts, deployment: 'internal' })),
    checks: {},
    internal: api,
    log,
  });
});
afterEach(async () => {
  api.close();
  await served.close();
});

async function call(operation: string, body: unknown, assertion = assertionOf(gateway), signal?: AbortSignal) {
  const response = await fetch(`${served.url}/internal/v1/${operation}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${assertion}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
const poll = (after: string | null, waitMs = 30_000, signal?: AbortSignal) =>
  call('supergraph', { after, waitMs }, undefined, signal);

describe('A gateway that asks for the supergraph', () => {
  it('is answered at once where another version is current than the one it has', async () => {
    registry.publish(3);
    expect(await poll(null)).toEqual({ status: 200, body: { version: version(3) } });
    expect(await poll('id-2')).toEqual({ status: 200, body: { version: version(3) } });
  });

  it('waits where it has the current one, and is answered by the next', async () => {
    registry.publish(1);
    const waiting = poll('id-1');
    await until('it is asked', () => registry.watchers.size === 1);
    registry.publish(2);
    expect(await waiting).toEqual({ status: 200, body: { version: version(2) } });
  });

  it('waits where nothing was published, and is answered by the first', async () => {
    const waiting = poll(null);
    await until('it is asked', () => registry.asked === 1);
    registry.publish(1);
    expect(await waiting).toEqual({ status: 200, body: { version: version(1) } });
  });

  it('gets nothing when its time is over', async () => {
    registry.publish(1);
    expect(await poll('id-1', 0)).toEqual({ status: 200, body: { version: null } });
    expect(await poll('id-1', 50)).toEqual({ status: 200, body: { version: null } });
  });

  it('costs the registry no question while it is heard', async () => {
    registry.publish(1);
    await poll('id-1', 0);
    const { asked } = registry;
    for (let times = 0; times < 5; times++) await poll('id-1', 0);
    expect(registry.asked).toBe(asked);
  });

  it('is told of a registry that fails, and nothing of how', async () => {
    registry.publish(1);
    await poll('id-1', 0);
    registry.fail('password "hunter2" refused');
    expect(await poll('id-1', 0)).toEqual({
      status: 500,
      body: { error: { code: 'INTERNAL', message: 'Something failed on our side.' } },
    });
    registry.fail(null);
    expect(await poll(null, 0)).toEqual({ status: 200, body: { version: version(1) } });
  });

  it('that leaves is waited for no longer', async () => {
    registry.publish(1);
    const leaving = new AbortController();
    const waiting = poll('id-1', 30_000, leaving.signal);
    await until('it is asked', () => registry.watchers.size === 1);
    leaving.abort();
    await expect(waiting).rejects.toThrow('abort');
    await served.close(); // which waits for every answer under way
    expect(logged).toEqual([]);
  });

  it('is answered when operations stops, and then told to come back', async () => {
    registry.publish(1);
    const waiting = poll('id-1');
    await until('it is asked', () => registry.watchers.size === 1);
    api.close();
    expect(await waiting).toEqual({ status: 200, body: { version: null } });
    expect(await poll('id-1')).toMatchObject({ status: 503 });
    expect(registry.watchers.size).toBe(0);
  });
});

describe('Usage', () => {
  it('arrives as it was counted', async () => {
    const batch = [usage(), usage({ client: { name: null, version: null }, plan: null, operationName: null })];
    expect(await call('usage', { batch })).toEqual({ status: 200, body: {} });
    expect(recorded).toEqual([batch]);
  });

  it('that cannot be kept is told of, and nothing of why', async () => {
    refuseUsage = new Error('relation "operations" does not exist');
    expect(await call('usage', { batch: [usage()] })).toEqual({
      status: 500,
      body: { error: { code: 'INTERNAL', message: 'Something failed on our side.' } },
    });
    expect(logged.join()).toContain('does not exist');
  });
});

describe('Traffic', () => {
  it('arrives as it was counted', async () => {
    const { traffic: far } = operationsClient(served.url, gateway);
    jest.spyOn(services, 'verify').mockResolvedValue('gateway'); // the client makes its assertions itself
    await far.record(traffic());
    await far.record(traffic({ number: 2, lost: 7, minutes: [] }));
    jest.restoreAllMocks();
    expect(counted).toEqual([traffic(), traffic({ number: 2, lost: 7, minutes: [] })]);
  });
});

describe('The internal API of operations', () => {
  const ask = { after: null, waitMs: 0 };
  const unauthenticated = { status: 401, body: { error: { code: 'UNAUTHENTICATED', message: expect.any(String) } } };

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['what is no token', () => 'nonsense'],
    ['an assertion for another service', () => assertionOf(gateway, 'identity')],
    ["an assertion signed with a stranger's key", () => serviceAssertions(stranger, 'operations')()],
    ['an assertion of 5,000 characters', () => `${assertionOf(gateway)}${'x'.repeat(5_000)}`],
    [
      "a tenant's access token",
      () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const claims = { aud: 'operations', sub: randomUUID(), iat: 0, exp: 4_000_000_000 };
        return `${part({ alg: 'ES256', typ: 'at+jwt', kid: 'gateway' })}.${part(claims)}.c2lnbmF0dXJl`;
      },
    ],
  ])('refuses %s, whatever is asked', async (_what, make) => {
    for (const operation of ['supergraph', 'usage', 'traffic', 'toString'])
      expect(await call(operation, ask, make())).toEqual(unauthenticated);
  });

  it('is for gateways alone', async () => {
    for (const [operation, body] of [
      ['supergraph', ask],
      ['usage', { batch: [usage()] }],
      ['traffic', traffic()],
    ] as const)
      expect(await call(operation, body, assertionOf(starter))).toEqual({
        status: 403,
        body: { error: { code: 'FORBIDDEN', message: 'You may not do this.' } },
      });
    expect([recorded, counted]).toEqual([[], []]);
  });

  it('answers nobody while identity cannot say who asks, and asks it again then', async () => {
    identityIsAway = true;
    const assertion = assertionOf(gateway);
    expect(await call('supergraph', ask, assertion)).toMatchObject({ status: 500 });
    identityIsAway = false;
    expect(await call('supergraph', ask, assertion)).toMatchObject({ status: 200 });
  });

  it('asks identity once for an assertion, however often it is presented', async () => {
    const assertion = assertionOf(gateway);
    await Promise.all(Array.from({ length: 5 }, () => call('supergraph', ask, assertion)));
    expect(verified).toEqual([assertion]);
  });

  it('knows its operations, and no others', async () => {
    for (const name of ['toString', 'supergraph/x', '..%2fsupergraph', 'usage%00'])
      expect(await call(name, ask)).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    const got = await fetch(`${served.url}/internal/v1/supergraph`, {
      headers: { authorization: `Bearer ${assertionOf(gateway)}` },
    });
    expect(got.status).toBe(404);
  });

  it.each<[string, string, unknown, string]>([
    ['supergraph', 'body', '{', 'The body is not JSON.'],
    ['supergraph', 'body', '[]', 'must be an object'],
    ['supergraph', 'body.after', { waitMs: 0 }, 'is missing'],
    ['supergraph', 'body.after', { after: 'x'.repeat(201), waitMs: 0 }, 'must have at most 200 characters'],
    ['supergraph', 'body.waitMs', { after: null, waitMs: 30_001 }, 'must be at most 30000'],
    ['supergraph', 'body.waitMs', { after: null, waitMs: -1 }, 'must be at least 0'],
    ['supergraph', 'body.waitMs', { after: null, waitMs: 1.5 }, 'must be a whole number'],
    ['usage', 'body.batch', {}, 'is missing'],
    ['usage', 'body.batch', { batch: { length: 3 } }, 'must be a list'],
    ['usage', 'body.batch.0.count', { batch: [{ ...usage(), count: '1' }] }, 'must be a number'],
    [
      'usage',
      'body.batch.1.document',
      { batch: [usage(), usage({ document: 'x'.repeat(65_537) })] },
      'must have at most',
    ],
    ['traffic', 'body.gateway', traffic({ gateway: 'acme' }), 'of the form "uuid"'],
    ['traffic', 'body.number', traffic({ number: 0 }), ''],
    ['traffic', 'body.lost', traffic({ lost: -1 }), 'must be at least 0'],
    ['traffic', 'body.minutes', traffic({ minutes: Array.from({ length: 11 }, () => null as never) }), 'at most 10'],
    ['traffic', 'body.minutes.0.operations.0.signature', oddTraffic({ signature: "'; drop table" }), ''],
    ['traffic', 'body.minutes.0.operations.0.name', oddTraffic({ name: 'no\0name' }), ''],
    ['traffic', 'body.minutes.0.operations.0.count', oddTraffic({ count: 1.5 }), 'must be a whole number'],
    [
      'traffic',
      'body.minutes.0.operations.0.latency.buckets.0',
      oddTraffic({ latency: { ...latency, buckets: [146, 1] } }),
      '',
    ],
    ['traffic', 'body.minutes.0.operations.0.latency', oddTraffic({ latency: { ...latency, counts: [1] } }), ''],
    ['usage', 'body.batch', { batch: Array.from({ length: 10_001 }, () => null) }, 'must have at most 10000 entries'],
  ])('refuses %s with a bad %s, and names it', async (operation, field, body, message) => {
    expect(await call(operation, body)).toEqual({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', message: expect.stringContaining(message), field } },
    });
    expect(logged).toEqual([]);
  });

  it('takes no body of more than 20 MB, and reads none of somebody it does not know', async () => {
    const large = JSON.stringify({ batch: [usage({ document: 'x'.repeat(20_000_001) })] });
    expect((await call('usage', large)).status).toBe(413);

    const { port } = new URL(served.url);
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('POST /internal/v1/usage HTTP/1.1\r\nhost: a\r\ncontent-length: 20000000\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 401 /);
    socket.destroy();
  });

  it('serves everything else as before: without the word of a gateway nothing is told', async () => {
    expect((await fetch(`${served.url}/internal`)).status).toBe(404);
  });
});

describe('A check of assertions', () => {
  const verify = jest.fn<(assertion: string) => Promise<string | null>>();
  beforeEach(() => void verify.mockReset().mockResolvedValue('gateway'));

  it('believes what held until it expires, and asks again then, for as long as clocks may differ', async () => {
    let now = Date.now();
    const check = assertionCheck({ verify }, 'operations', () => now);
    const assertion = serviceAssertions(gateway, 'operations')();
    const at = async (seconds: number) => {
      now = Date.now() + seconds * 1_000;
      return [await check(assertion), verify.mock.calls.length];
    };
    expect(await at(0)).toEqual(['gateway', 1]);
    expect(await at(55)).toEqual(['gateway', 1]);
    expect(await at(70)).toEqual(['gateway', 2]);
    expect(await at(100)).toEqual([null, 2]);
  });

  it('believes nothing longer than two minutes, whatever it says itself: its key may be replaced meanwhile', async () => {
    let now = Date.now();
    const check = assertionCheck({ verify }, 'operations', () => now);
    const dated = (aheadSeconds: number): string => {
      const [header, , signature] = serviceAssertions(gateway, 'operations')().split('.');
      const iat = Math.floor(now / 1_000) + aheadSeconds;
      const claims = JSON.stringify({ aud: 'operations', iat, exp: iat + 4_000_000_000 });
      return `${header}.${Buffer.from(claims).toString('base64url')}.${signature}`;
    };
    expect([await check(dated(40)), await check(dated(4_000_000_000))]).toEqual([null, null]);
    expect(verify).not.toHaveBeenCalled();
    const ahead = dated(25); // as far as clocks may differ
    expect(await check(ahead)).toBe('gateway');
    verify.mockResolvedValue(null);
    now += 119_000;
    expect(await check(ahead)).toBe('gateway');
    now += 2_000;
    expect(await check(ahead)).toBe(null);
  });

  it('asks again for what did not hold, and for what could not be asked', async () => {
    const check = assertionCheck({ verify }, 'operations');
    const assertion = serviceAssertions(gateway, 'operations')();
    verify.mockResolvedValueOnce(null).mockRejectedValueOnce(new PeerFailed('away'));
    expect(await check(assertion)).toBe(null);
    await expect(check(assertion)).rejects.toThrow('away');
    expect(await check(assertion)).toBe('gateway');
  });

  it('asks for no more than 32 at once, whoever sends what', async () => {
    const answers: ((service: string | null) => void)[] = [];
    verify.mockImplementation(() => new Promise((resolve) => answers.push(resolve)));
    const check = assertionCheck({ verify }, 'operations');
    const sign = () => serviceAssertions(stranger, 'operations')();
    const checks = Array.from({ length: 40 }, () => check(sign()).catch(({ message }: Error) => message));
    expect(answers).toHaveLength(32);
    for (const answer of answers) answer(null);
    expect((await Promise.all(checks)).filter((answer) => answer !== null)).toEqual(
      Array.from({ length: 8 }, () => 'Too many service assertions are being verified.'),
    );
  });
});

describe('A client of operations', () => {
  const client = (url = served.url) => operationsClient(url, gateway);
  /** The client makes its assertions itself: identity knows them all. */
  beforeEach(() => void jest.spyOn(services, 'verify').mockResolvedValue('gateway'));
  const stops: (() => void)[] = [];
  afterEach(() => stops.splice(0).forEach((stop) => stop()));

  afterEach(() => void jest.restoreAllMocks());

  function follow(registryOf: ReturnType<typeof client>['registry']) {
    const told: number[] = [];
    const problems: (string | null)[] = [];
    stops.push(
      registryOf.watch(
        ({ number }) => told.push(number),
        (problem) => problems.push(problem),
      ),
    );
    return { told, problems };
  }

  it('knows the current version, or that there is none', async () => {
    const { registry: far } = client();
    expect(await far.current()).toBe(null);
    registry.publish(7);
    expect(await far.current()).toEqual(version(7));
  });

  it('tells of the current version and of every one that becomes it, once', async () => {
    registry.publish(1);
    const { told, problems } = follow(client().registry);
    await until('the first is told', () => told.length === 1);
    registry.publish(2);
    await until('the second is told', () => told.length === 2);
    registry.publish(1);
    await until('the first is told again', () => told.length === 3);
    expect(told).toEqual([1, 2, 1]);
    expect(problems).toEqual([null]);
  });

  it('says why nothing is heard, and follows again where operations is back', async () => {
    registry.publish(1);
    const { told, problems } = follow(client().registry);
    await until('the first is told', () => told.length === 1);
    registry.fail('the database is away');
    registry.publish(2); // which wakes the poll; the next one fails
    await until('the problem is told', () => problems.length > 1);
    registry.fail(null);
    registry.publish(3);
    await until('it follows again', () => told.at(-1) === 3 && problems.at(-1) === null);
    expect(problems.find((problem) => problem !== null)).toContain('Operations refused');
  });

  it('tells of nothing any more once it is ended', async () => {
    registry.publish(1);
    const { told } = follow(client().registry);
    await until('the first is told', () => told.length === 1);
    stops.splice(0).forEach((stop) => stop());
    registry.publish(2);
    await served.close(); // which waits for every answer under way
    expect(told).toEqual([1]);
  });

  it('leaves usage in as many requests as it needs', async () => {
    const batch = Array.from({ length: 1_200 }, (_, at) => usage({ count: at + 1, document: 'x'.repeat(8_000) }));
    await client().usage.record(batch);
    expect(recorded.length).toBeGreaterThan(1);
    expect(recorded.flat()).toEqual(batch);
  });

  it('tells that operations were left out, also where there is nothing else to leave', async () => {
    const { usage: far } = client();
    await far.record([usage()], false);
    await far.record([]);
    expect([recorded.length, leftOut]).toEqual([1, 0]);
    await far.record([usage()], true);
    await far.record([], true);
    expect([recorded.length, leftOut]).toEqual([3, 2]);
  });

  it('rejects where nothing of a batch was kept, and then alone', async () => {
    const { usage: far } = client();
    refuseUsage = new Error('the disk is full');
    await expect(far.record([usage()])).rejects.toBeInstanceOf(PeerFailed);
    refuseUsage = null;
    const batch = Array.from({ length: 700 }, () => usage({ document: 'x'.repeat(8_000) }));
    const record = jest.spyOn(recorded, 'push').mockImplementationOnce((kept) => {
      recorded[0] = kept;
      refuseUsage = new Error('the disk is full');
      return 1;
    });
    await far.record(batch);
    record.mockRestore();
    expect(recorded).toHaveLength(1);
  });

  it('says which entry operations does not take', async () => {
    await expect(client().usage.record([usage({ plan: 'x'.repeat(1_001) })])).rejects.toMatchObject({
      constructor: BadUserInput,
      details: { field: 'body.batch.0.plan' },
    });
  });

  it.each<[string, number, string]>([
    ['refuses', 403, '{"error":{"code":"FORBIDDEN","message":"You may not do this."}}'],
    ['answers off its contract', 200, '{"version":{"id":3}}'],
    ['answers no JSON', 200, '<html>'],
  ])('that %s is a peer that failed', async (_what, status, body) => {
    const server: Server = createServer((_request, response) => response.writeHead(status).end(body));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(client(`http://127.0.0.1:${port}`).registry.current()).rejects.toBeInstanceOf(PeerFailed);
    server.close();
  });

  it('of an operations that is not there is told so', async () => {
    const { registry: far } = client('http://127.0.0.1:1');
    await expect(far.current()).rejects.toThrow('Operations did not answer at http://127.0.0.1:1');
  });
});
