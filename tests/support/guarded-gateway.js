// Plain JavaScript: tests start it as a process of its own, to flood it.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { clearImmediate, setImmediate } from 'node:timers';
import { setTimeout as wait } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { httpSubgraph, startGateway } from '@inevitable/gateway';
import jwt from 'jsonwebtoken';
import { pino } from 'pino';

/**
 * A gateway with an identity in memory, over one subgraph. It tells its parent where it is, and of two access tokens, each
 * of another tenant. While it is told to, it is busy with something else, or keeps its heap full.
 *
 * @type {{ sdl: string, name: string, routingUrl: string, options: object }} `options`: more of `GatewayOptions`
 */
const { sdl, name, routingUrl, options } = JSON.parse(process.argv[2]);

const issuer = 'http://identity.test';
const kid = randomUUID();
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { x, y } = publicKey.export({ format: 'jwk' });

const refuse = () => {
  throw new Error('Nobody has entitlements here.');
};
const identity = {
  verification: {
    settings: async () => ({ issuer, keys: [{ kid, kty: 'EC', crv: 'P-256', x, y, alg: 'ES256', use: 'sig' }] }),
    registerContextKey: async () => undefined,
  },
  revocations: {
    async since(sequence, waitMs, signal) {
      await wait(waitMs, undefined, { signal });
      return { sequence, revocations: [] };
    },
  },
  apiKeys: { verify: refuse },
  entitlements: new Proxy({}, { get: () => refuse }),
  tenants: { find: refuse, active: refuse },
  audit: { append: refuse },
  tenantData: { open: refuse, done: refuse },
};

function accessToken() {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuer, aud: 'inevitable-gateway', sub: randomUUID(), sid: randomUUID(), tid: randomUUID() };
  const rights = { roles: ['member'], scope: '', plan: 'free', ent: 'digest', amr: ['pwd'] };
  const times = { auth_time: now, rev: 0, iat: now, exp: now + 900, jti: randomUUID() };
  const header = { alg: 'ES256', typ: 'at+jwt', kid };
  return jwt.sign({ ...claims, ...rights, ...times }, privateKey, { algorithm: 'ES256', header });
}

const gateway = await startGateway({
  host: '127.0.0.1',
  port: 0,
  deployment: 'internal',
  identity,
  registry: { current: async () => ({ id: 'v1', sdl }) },
  subgraphs: (contextTokens) => new Map([[name, httpSubgraph({ name, routingUrl, contextTokens })]]),
  products: [],
  logger: pino({ level: 'warn' }, pino.destination(2)),
  ...options,
});
await gateway.whenReady();

function beBusy(ms) {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

let busy;
let kept = [];
process.on('message', ({ busyMs = 0, heapPercent = 0 }) => {
  clearImmediate(busy);
  kept = [];
  const eachTurn = () => {
    beBusy(busyMs);
    busy = setImmediate(eachTurn);
  };
  if (busyMs > 0) eachTurn();
  const limit = getHeapStatistics().heap_size_limit * (heapPercent / 100);
  while (getHeapStatistics().used_heap_size < limit) kept.push(Array.from({ length: 10_000 }, (_, at) => ({ at })));
  process.send({ kept: kept.length });
});
process.send({ url: gateway.url, tokens: [accessToken(), accessToken()] });
