import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  DeadlinePassed,
  Forbidden,
  SubgraphUnreachable,
  type RequestContext,
  type SubgraphHandle,
} from '@inevitable/contract';
import { proceed, reject, type GatewayExtension, type OperationSeen } from '../../extensions/gateway-extension.js';
import { gate, type Gate } from '../../test-support/gate.js';
import { testGateway, type TestGateway } from '../../test-support/test-gateway.js';
import { accounts, contextFor, handles, notes } from '../../test-support/test-subgraphs.js';
import { until } from '../../test-support/until.js';
import { bulkheads } from './bulkheads.js';
import type { ConcurrencySettings } from './concurrency-settings.js';

const NARROW: ConcurrencySettings = { operations: 4, perTenant: 2, anonymous: 2, waiting: 8, waitingPerTenant: 3 };
const QUERY = '{ open }';
const [ACME, GLOBEX] = [randomUUID(), randomUUID()];

/** A subgraph that answers each question when the test lets it, and knows who has asked. */
class PatientSubgraph {
  readonly asked: { readonly tenant: string | null; readonly go: Gate }[] = [];
  most = 0;
  #running = 0;
  #fails = false;
  readonly handle: SubgraphHandle;

  constructor() {
    const real = accounts();
    this.handle = accounts({
      execute: async (request, context) => {
        const go = gate();
        this.most = Math.max(this.most, ++this.#running);
        this.asked.push({ tenant: context.tenant?.id ?? null, go });
        await Promise.race([go.opened, new Promise((resolve) => context.signal.addEventListener('abort', resolve))]);
        this.#running--;
        if (this.#fails) throw new SubgraphUnreachable('accounts', new Error('away'));
        return real.execute(request, context);
      },
    });
  }

  of = (tenant: string | null) => this.asked.filter((one) => one.tenant === tenant);

  /** Answers what was asked, and what is asked then, until nobody waits. */
  async answerAll(answers: readonly Promise<unknown>[]): Promise<void> {
    let left = true;
    const done = Promise.allSettled(answers).then(() => (left = false));
    while (left) {
      for (const { go } of this.asked) go.open();
      await new Promise(setImmediate);
    }
    await done;
  }

  async failing(work: () => Promise<unknown>): Promise<void> {
    this.#fails = true;
    const asked = work();
    await this.answerAll([asked]);
    this.#fails = false;
  }
}

let gateway: TestGateway;
let subgraph: PatientSubgraph;
afterEach(() => gateway.close());

async function started(concurrency: ConcurrencySettings = NARROW, extension?: GatewayExtension): Promise<void> {
  subgraph = new PatientSubgraph();
  gateway = await testGateway({
    concurrency,
    subgraphs: handles(subgraph.handle, notes()),
    trustedProxies: ['127.0.0.1'],
    ...(extension && { extensions: [extension] }),
  });
}
const as = (tid: string | null, headers: Record<string, string> = {}) =>
  gateway.query(QUERY, { ...(tid !== null && { token: gateway.identity.accessToken({ claims: { tid } }) }), headers });
const many = (count: number, ask: () => ReturnType<typeof as>) => Array.from({ length: count }, ask);
const refusal = (status: number, code: string) => ({
  status,
  body: { errors: [{ message: expect.any(String), extensions: { code, retryAfterSeconds: 1, limit: 'concurrency' } }] },
});

describe('A tenant that asks for more at once than it may', () => {
  it('waits for itself, is refused beyond that with when to come back, and keeps nobody else waiting', async () => {
    await started();
    const flood = many(6, () => as(ACME));
    const refused = await Promise.race(flood);
    expect(refused).toMatchObject(refusal(429, 'RATE_LIMITED'));
    expect(refused.headers.get('retry-after')).toBe('1');
    await until(() => subgraph.of(ACME).length === 2);

    const other = as(GLOBEX);
    await until(() => subgraph.of(GLOBEX).length === 1);
    subgraph.of(GLOBEX)[0]!.go.open();
    expect((await other).body).toEqual({ data: { open: 'everybody' } });
    expect(subgraph.of(ACME)).toHaveLength(2);

    await subgraph.answerAll(flood);
    expect((await Promise.all(flood)).filter(({ status }) => status === 200)).toHaveLength(5);
    expect(subgraph.most).toBe(3);
  });

  it('is no reason for anybody to be refused who does not, as long as there is room for both', async () => {
    await started({ operations: 2, perTenant: 2, anonymous: 2, waiting: 4, waitingPerTenant: 10 });
    const flood = many(7, () => as(ACME));
    const refused = await Promise.race(flood);
    expect(refused).toMatchObject(refusal(503, 'OVERLOADED'));
    const other = as(GLOBEX);
    await subgraph.answerAll([...flood, other]);
    expect((await other).status).toBe(200);
  });
});

describe('Nobody in particular', () => {
  it('is bounded by address, and together with all others of no tenant', async () => {
    await started({ ...NARROW, perTenant: 1 });
    const from = (address: string) => as(null, { 'x-forwarded-for': address });
    const one = many(2, () => from('203.0.113.1'));
    await until(() => subgraph.asked.length === 1);
    const another = from('203.0.113.2');
    await until(() => subgraph.asked.length === 2);
    const third = from('203.0.113.3');
    const member = as(ACME);
    await until(() => subgraph.of(ACME).length === 1);
    expect(subgraph.of(null)).toHaveLength(2);
    await subgraph.answerAll([...one, another, third, member]);
    for (const answer of [...one, another, third, member]) expect((await answer).status).toBe(200);
  });
});

describe('A slot', () => {
  it('is given back once, whatever becomes of the operation that had it or waited for it', async () => {
    let mood: 'well' | 'refuses' | 'fails' = 'well';
    await started(
      { ...NARROW, perTenant: 1 },
      {
        name: 'moody',
        contract: 1,
        onOperation() {
          if (mood === 'refuses') return reject(new Forbidden());
          if (mood === 'fails') throw new Error('a bug');
          return proceed;
        },
        onAnswer: () => {
          throw new Error('another bug');
        },
      },
    );
    const token = gateway.identity.accessToken({ claims: { tid: ACME } });
    const leaving = (when: AbortSignal) =>
      gateway
        .get('/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: JSON.stringify({ query: QUERY }),
          signal: when,
        })
        .catch(() => undefined);

    mood = 'refuses';
    expect((await as(ACME)).status).toBe(403);
    mood = 'fails';
    expect((await as(ACME)).status).toBe(500);
    mood = 'well';
    await subgraph.failing(() => as(ACME));

    const [running, waiting] = [new AbortController(), new AbortController()];
    const before = subgraph.asked.length;
    const first = leaving(running.signal);
    await until(() => subgraph.asked.length === before + 1);
    const second = leaving(waiting.signal);
    const third = as(ACME);
    waiting.abort();
    await second;
    running.abort();
    await first;
    await until(() => subgraph.asked.length === before + 2); // the third, and not the one that has left

    const more = many(3, () => as(ACME));
    await subgraph.answerAll([third, ...more]);
    for (const answer of [third, ...more]) expect((await answer).status).toBe(200);
    expect(subgraph.most).toBe(1);
    // Of the bug, and not of the clients that left.
    expect(gateway.logged.filter((line) => line.includes('A GraphQL request failed.'))).toHaveLength(1);
  });
});

describe('Who waits', () => {
  const seen = (changes: Partial<RequestContext>) => ({ context: contextFor(changes) }) as OperationSeen;
  const tenant = { id: ACME as NonNullable<RequestContext['tenant']>['id'], plan: 'pro', entitlementsDigest: '' };

  it('until the deadline is told that it was not run, and one that has come too late does not wait at all', async () => {
    const { onOperation, onEnd } = bulkheads({ ...NARROW, perTenant: 1 });
    const running = seen({ tenant });
    expect(onOperation!(running)).toBe(proceed);
    const late = new AbortController();
    const waits = onOperation!(seen({ tenant, signal: late.signal }));
    late.abort(new DeadlinePassed('No answer within 30000 ms.'));
    expect(await waits).toMatchObject({ kind: 'reject', error: { code: 'RATE_LIMITED' } });
    expect(await onOperation!(seen({ tenant, signal: late.signal }))).toMatchObject({ kind: 'reject' });
    const next = seen({ tenant });
    const enters = onOperation!(next);
    onEnd!(running);
    onEnd!(running);
    expect(await enters).toBe(proceed);
    const last = onOperation!(seen({ tenant }));
    expect(last).toBeInstanceOf(Promise);
    onEnd!(next);
    expect(await last).toBe(proceed);
  });

  it('behind others until the deadline is not told that it was too much of its own', async () => {
    const { onOperation } = bulkheads({ ...NARROW, operations: 1 });
    onOperation!(seen({ tenant: { ...tenant, id: GLOBEX as typeof tenant.id } }));
    const late = new AbortController();
    const waits = onOperation!(seen({ tenant, signal: late.signal }));
    late.abort(new DeadlinePassed('No answer within 30000 ms.'));
    expect(await waits).toMatchObject({ kind: 'reject', error: { code: 'OVERLOADED' } });
  });

  it('is never a service of ours', () => {
    const { onOperation } = bulkheads({ ...NARROW, operations: 1 });
    const service = { caller: { kind: 'service', service: 'worker' } } as const;
    for (let at = 0; at < 10; at++) expect(onOperation!(seen({ ...service, tenant }))).toBe(proceed);
  });
});
