import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  anonymousContext,
  Unauthenticated,
  type OperationUsage,
  type RequestContext,
  type UsagePort,
} from '@inevitable/contract';
import fc from 'fast-check';
import { buildSchema, parse } from 'graphql';
import { pino } from 'pino';
import { operationIn } from '../executor/client-operation.js';
import type { AnswerSeen, OperationSeen } from '../extensions/gateway-extension.js';
import { startPlannerThreads } from '../planner/planner-threads.js';
import { EventLog } from '../test-support/event-log.js';
import { openGraph, type OpenGraph } from '../test-support/open-graph.js';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { ADA } from '../test-support/test-identity.js';
import { handles, inProcess, supergraphOf } from '../test-support/test-subgraphs.js';
import { recordUsage, type UsageOptions, type UsageRecorder } from './record-usage.js';

const HOUR_MS = 3_600_000;
const NOON = Date.UTC(2026, 10, 22, 12);

/** A port in memory, and switches to take it away. */
class TestPort implements UsagePort {
  readonly batches: OperationUsage[][] = [];
  /** How often it was told that something is left out. */
  leftOut = 0;
  isAway = false;
  tries = 0;
  async record(batch: readonly OperationUsage[], leftOut: boolean): Promise<void> {
    this.tries++;
    if (this.isAway) throw new Error('operations is away');
    this.batches.push([...batch]);
    if (leftOut) this.leftOut++;
  }
  get recorded(): OperationUsage[] {
    return this.batches.flat();
  }
}

interface Recording {
  readonly port: TestPort;
  readonly recorder: UsageRecorder;
  readonly warned: { msg: string; requests?: number }[];
  /** Epoch milliseconds. */
  now: number;
}

const open: UsageRecorder[] = [];
function recording(options: Partial<UsageOptions> = {}): Recording {
  const port = new TestPort();
  const warned: { msg: string }[] = [];
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => void warned.push(JSON.parse(line) as { msg: string }) },
  );
  const parts = { port, warned, now: NOON } as { -readonly [Key in keyof Recording]: Recording[Key] };
  parts.recorder = recordUsage(port, { log, now: () => parts.now, ...options });
  open.push(parts.recorder);
  return parts;
}
afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(open.splice(0).map((recorder) => recorder.close()));
});

const schema = buildSchema(
  'type Query { a: Int b(by: By, text: String): Int } input By { x: Int y: Mood } enum Mood { GOOD BAD }',
);
const documents = new Map<string, ReturnType<typeof parse>>();
interface Request {
  readonly source?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly plan?: string | null;
  /** JSON. */
  readonly data?: string;
  /** The code of an error. */
  readonly refused?: string;
  readonly failed?: boolean;
  readonly durationMs?: number;
  readonly schema?: OperationSeen['schema'];
}

function seen(request: Request): OperationSeen {
  const { source = '{ a }', headers = {}, variables = {}, plan = null } = request;
  let document = documents.get(source); // the gateway parses a document once, too
  if (!document) documents.set(source, (document = parse(source)));
  const definition = operationIn(document, null);
  const anonymous = anonymousContext({} as RequestContext);
  return {
    context: { ...anonymous, tenant: plan === null ? null : { id: ADA.tid, plan, entitlementsDigest: 'd' } },
    document,
    definition,
    schema: request.schema ?? schema,
    operationName: definition.name?.value ?? null,
    variables,
    header: (name: string) => headers[name],
  } as OperationSeen;
}

/** Answers a request, as far as the recorder sees it. */
function answer({ recorder }: Recording, request: Request = {}): void {
  const { data = null, failed = false, refused, durationMs = 1 } = request;
  const errors = [
    ...(failed ? [{ message: 'no' }] : []),
    ...(refused === undefined ? [] : [{ message: 'no', extensions: { code: refused } }]),
  ];
  recorder.onAnswer!({ operation: seen(request), errors, data, durationMs } as unknown as AnswerSeen);
}
const flushed = async (parts: Recording): Promise<OperationUsage[]> => {
  await parts.recorder.flush();
  return parts.port.recorded;
};

describe('A request', () => {
  it('counts by operation, client, plan and hour, with its errors and milliseconds', async () => {
    const parts = recording();
    const web = { 'apollographql-client-name': 'web', 'apollographql-client-version': '1.2' };
    answer(parts, { source: 'query A { a }', headers: web, plan: 'pro', durationMs: 2 });
    answer(parts, { source: 'query A { a }', headers: web, plan: 'pro', durationMs: 3, failed: true });
    answer(parts, { source: 'query A { a }', headers: { 'x-graphql-client-name': 'cli' }, plan: 'free' });
    parts.now += HOUR_MS + 5;
    answer(parts, { source: 'query A { a }', headers: web, plan: 'pro' });
    answer(parts);
    const a = {
      signature: expect.stringMatching(/^[0-9a-f]{64}$/),
      operationName: 'A',
      document: 'query A {\n  a\n}',
      inputs: [],
    };
    const pro = { ...a, client: { name: 'web', version: '1.2' }, plan: 'pro' };
    expect(await flushed(parts)).toEqual([
      { ...pro, hour: NOON, count: 2, errors: 1, totalMs: 5 },
      { ...a, client: { name: 'cli', version: null }, plan: 'free', hour: NOON, count: 1, errors: 0, totalMs: 1 },
      { ...pro, hour: NOON + HOUR_MS, count: 1, errors: 0, totalMs: 1 },
      {
        ...a,
        operationName: null,
        document: '{\n  a\n}',
        client: { name: null, version: null },
        plan: null,
        hour: NOON + HOUR_MS,
        count: 1,
        errors: 0,
        totalMs: 1,
      },
    ]);
  });

  it('of no tenant that was answered with null counts, and with nothing it does not', async () => {
    const parts = recording();
    answer(parts, { source: 'query N { a @include(if: true) }', data: '{"a":null}' });
    answer(parts, { source: 'query E { a @include(if: false) }', data: '{}' });
    expect(await flushed(parts)).toMatchObject([{ operationName: 'N', count: 1 }]);
  });

  it.each(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_ENTITLED', 'UNAUTHORIZED_FIELD_OR_TYPE'])(
    'of no tenant that was answered with %s alone does not count, and of a tenant it does',
    async (refused) => {
      const parts = recording();
      for (const plan of [null, 'pro']) {
        answer(parts, { refused, data: '{"a":null}', plan });
        answer(parts, { refused, plan });
      }
      answer(parts, { source: 'query Half { a b }', refused, data: '{"a":1,"b":null}' });
      answer(parts, { source: 'query Failed { a }', refused, failed: true, data: '{"a":null}' });
      expect((await flushed(parts)).map(({ operationName, plan, count }) => [operationName, plan, count])).toEqual([
        [null, 'pro', 2],
        ['Half', null, 1],
        ['Failed', null, 1],
      ]);
    },
  );

  it('is one operation with others that differ in their values alone', async () => {
    const parts = recording();
    for (const text of ['Ada', 'Bob', 'Eve']) answer(parts, { source: `{ b(text: "${text}") }` });
    expect(await flushed(parts)).toMatchObject([{ document: '{\n  b(text: "")\n}', count: 3 }]);
  });

  it('leaves the names of what came in its variables, of all requests together, at most 200', async () => {
    const parts = recording();
    const source = 'query ($by: By) { b(by: $by) }';
    answer(parts, { source, variables: { by: { y: 'BAD' } } });
    answer(parts, { source, variables: { by: { x: 1 } }, plan: 'free' });
    const fields = Array.from({ length: 300 }, (_, at) => `f${at}`);
    const large = buildSchema(
      `type Query { b(by: By): Int } input By { ${fields.map((name) => `${name}: Int`).join(' ')} }`,
    );
    answer(parts, {
      source: 'query Large ($by: By) { b(by: $by) }',
      variables: { by: Object.fromEntries(fields.map((name) => [name, 1])) },
      schema: large,
    });
    const recorded = await flushed(parts);
    expect(recorded.map(({ inputs }) => inputs.length)).toEqual([3, 3, 200]);
    expect(recorded[0]!.inputs).toEqual(['By.x', 'By.y', 'Mood.BAD']);
  });

  it('is looked at anew where a reload carried its document over to another schema', async () => {
    const parts = recording();
    const source = 'query ($by: By) { b(by: $by) }';
    const variables = { by: { x: 'GOOD' } };
    answer(parts, { source, variables: { by: { x: 1 } } });
    answer(parts, {
      source,
      variables,
      schema: buildSchema('type Query { b(by: By): Int } input By { x: X } enum X { GOOD }'),
    });
    expect(await flushed(parts)).toMatchObject([{ count: 2, inputs: ['By.x', 'X.GOOD'] }]);
  });

  it('that is sampled counts for as many others, whichever are sampled', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 50 }), async (isCounted) => {
        const dice = [...isCounted];
        const parts = recording({ sample: 0.1, random: () => (dice.shift() ? 0.099 : 0.1) });
        isCounted.forEach(() => answer(parts, { failed: true }));
        const count = isCounted.filter(Boolean).length;
        expect(await flushed(parts)).toMatchObject(
          count ? [{ count: count * 10, errors: count * 10, totalMs: expect.closeTo(count * 10) }] : [],
        );
      }),
      { numRuns: 30 },
    ));

  it('has nothing to do with a recorder that samples none', () => {
    expect(recording({ sample: 0 }).recorder).toEqual({
      name: 'record-usage',
      contract: 1,
      flush: expect.any(Function),
      close: expect.any(Function),
    });
  });
});

describe('A client', () => {
  const clientOf = async (headers: Record<string, string>) => {
    const parts = recording();
    answer(parts, { headers });
    return (await flushed(parts))[0]!.client;
  };

  it.each([
    ['a b', 'a b'],
    ['  web ', 'web'],
    ['', null],
    [' \t', null],
    ['we\u0000b\u202e\u0085', 'web'],
    ['x'.repeat(101), 'x'.repeat(100)],
    [`é${'x'.repeat(101)}`, 'x'.repeat(100)],
    ['##[error]web', 'errorweb'],
    ['::error file=a::web %0A', 'error fileaweb 0A'],
    ['=HYPERLINK("x")', 'HYPERLINK(x)'],
    ['@acme/web-app (beta) 1.2_3+4', '@acme/web-app (beta) 1.2_3+4'],
  ])('that calls itself %j is %j', async (said, name) => {
    expect(await clientOf({ 'apollographql-client-name': said })).toEqual({ name, version: null });
  });

  it('may give a version alone, and is heard in the one way before the other', async () => {
    expect(await clientOf({ 'x-graphql-client-version': '2' })).toEqual({ name: null, version: '2' });
    expect(
      await clientOf({ 'x-graphql-client-name': 'other', 'apollographql-client-name': 'web', authorization: 'secret' }),
    ).toEqual({ name: 'web', version: null });
  });

  it('beyond the thousandth of an hour is counted without its name, and has it in the next hour', async () => {
    const parts = recording();
    const sent = (name: string) => answer(parts, { headers: { 'x-graphql-client-name': name }, plan: 'pro' });
    for (let at = 0; at < 1_002; at++) sent(`c${at}`);
    sent('c0');
    const recorded = await flushed(parts);
    expect(recorded).toHaveLength(1_001);
    expect(recorded[0]).toMatchObject({ client: { name: 'c0' }, count: 2 });
    expect(recorded.at(-1)).toMatchObject({ client: { name: null }, count: 2 });
    parts.now += HOUR_MS;
    sent('c1001');
    expect((await flushed(parts)).at(-1)).toMatchObject({ client: { name: 'c1001' }, count: 1 });
  });
});

describe('Callers of no tenant, who may be anybody', () => {
  it('name 200 clients in an hour, and take the names of no tenant’s', async () => {
    const parts = recording();
    const sent = (name: string, plan: string | null) =>
      answer(parts, { headers: { 'x-graphql-client-name': name }, plan });
    for (let at = 0; at < 1_500; at++) sent(`made-up-${at}`, null);
    for (let at = 0; at < 800; at++) sent(`client-${at}`, 'pro');
    sent('client-7', null); // known by now
    const recorded = await flushed(parts);
    const named = recorded.filter(({ client }) => client.name !== null).map(({ plan }) => plan);
    expect(named.filter((plan) => plan === 'pro')).toHaveLength(800);
    expect(named.filter((plan) => plan === null)).toHaveLength(201);
    expect(recorded.find(({ client }) => client.name === null)).toMatchObject({ plan: null, count: 1_300 });
  });

  it('have 2,000 entries, and take the room of no tenant’s', async () => {
    const parts = recording();
    const clients = Array.from({ length: 200 }, (_, at) => ({ 'x-graphql-client-name': `client-${at}` }));
    for (let at = 0; at < 15; at++)
      for (const headers of clients) answer(parts, { source: `query Flood${at} { a }`, headers });
    for (let at = 0; at < 8_000; at++) answer(parts, { source: 'query Kept { a }', plan: `plan ${at}` });
    const recorded = await flushed(parts);
    expect(recorded.filter(({ plan }) => plan === null)).toHaveLength(2_000);
    expect(recorded.filter(({ plan }) => plan !== null)).toHaveLength(8_000);
    expect(parts.warned).toMatchObject([{ requests: 1_000 }]);
  });

  it('have a fifth of the memory, also for what was not taken and waits for the next try', async () => {
    const parts = recording();
    const aliases = Array.from({ length: 550 }, (_, at) => `alias${at}: a`).join(' ');
    const flood = (): void => {
      for (let at = 0; at < 2_000; at++)
        answer(parts, {
          source: `query Flood${at % 10} { ${aliases} }`,
          headers: { 'x-graphql-client-name': `c${at % 199}` },
        });
    };
    flood();
    parts.port.isAway = true;
    await parts.recorder.flush();
    parts.port.isAway = false;
    flood();
    const characters = (await flushed(parts)).reduce((sum, { document }) => sum + document.length, 0);
    expect(characters).toBeGreaterThan(10_000_000);
    expect(characters).toBeLessThan(13_000_000);
  });
});

describe('What was counted', () => {
  it('is left at the port every 10 s, and nothing where nothing was', async () => {
    jest.useFakeTimers();
    const parts = recording();
    answer(parts);
    await jest.advanceTimersByTimeAsync(9_999);
    expect(parts.port.tries).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(parts.port.recorded).toMatchObject([{ count: 1 }]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(parts.port.tries).toBe(1);
    answer(parts);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(parts.port.recorded).toMatchObject([{ count: 1 }, { count: 1 }]);
  });

  it('is left there when the recorder is closed, also what came during a flush that was under way', async () => {
    const parts = recording();
    answer(parts);
    const flushing = parts.recorder.flush();
    answer(parts, { source: '{ b }' });
    await parts.recorder.close();
    await flushing;
    expect(parts.port.batches).toMatchObject([[{ document: '{\n  a\n}' }], [{ document: '{\n  b\n}' }]]);
  });

  it('waits for the next try while the port is away, with what comes meanwhile, and is never lost or doubled', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ source: fc.constantFrom('{ a }', '{ b }', '{ a b }'), plan: fc.constantFrom(null, 'free') }),
            fc.constantFrom('flush' as const, 'away' as const, 'back' as const, 'an hour' as const),
          ),
          { maxLength: 40 },
        ),
        async (steps) => {
          const parts = recording();
          const sent = new Map<string, number>();
          for (const step of steps) {
            if (step === 'flush') await parts.recorder.flush();
            else if (step === 'an hour') parts.now += HOUR_MS;
            else if (typeof step === 'string') parts.port.isAway = step === 'away';
            else {
              answer(parts, step);
              const key = `${step.source} ${step.plan} ${parts.now}`;
              sent.set(key, (sent.get(key) ?? 0) + 1);
            }
          }
          parts.port.isAway = false;
          const counted = new Map<string, number>();
          for (const { document, plan, hour, count } of await flushed(parts)) {
            const key = `${document.replace(/\s+/g, ' ')} ${plan} ${hour}`;
            counted.set(key, (counted.get(key) ?? 0) + count);
          }
          expect(Object.fromEntries([...counted].sort())).toEqual(Object.fromEntries([...sent].sort()));
        },
      ),
      { numRuns: 50 },
    ));

  it('waits, and that the port is away is logged once each time it goes', async () => {
    const parts = recording();
    for (let time = 1; time <= 2; time++) {
      parts.port.isAway = true;
      answer(parts);
      for (let at = 0; at < 3; at++) await parts.recorder.flush();
      const away = 'What operations clients send could not be recorded. It is tried again.';
      expect(parts.warned.map(({ msg }) => msg)).toEqual(Array.from({ length: time }, () => away));
      parts.port.isAway = false;
      await flushed(parts);
    }
  });

  it('is dropped after 60 tries, and that is logged, and told to the port once it takes something', async () => {
    const parts = recording();
    parts.port.isAway = true;
    answer(parts);
    answer(parts);
    for (let at = 0; at < 60; at++) await parts.recorder.flush();
    expect(parts.port).toMatchObject({ tries: 60, leftOut: 0 });
    await parts.recorder.flush();
    parts.port.isAway = false;
    expect(await flushed(parts)).toEqual([]);
    expect(await flushed(parts)).toEqual([]);
    expect(parts.port).toMatchObject({ tries: 62, leftOut: 1 });
    expect(parts.warned).toHaveLength(2); // that it was away, once, and this
    expect(parts.warned.at(-1)).toMatchObject({
      msg: 'Requests were not recorded: there were too many different operations and clients at once, or nobody took for ten minutes what was counted.',
      requests: 2,
    });
  });

  it('has at most 10,000 entries, and how many requests were beyond is logged once', async () => {
    const parts = recording();
    const plans = Array.from({ length: 10_007 }, (_, at) => `plan ${at}`);
    for (const plan of plans) answer(parts, { plan });
    for (const plan of plans.slice(0, 5)) answer(parts, { plan });
    const recorded = await flushed(parts);
    expect([recorded.length, recorded[0]!.count, recorded[9_999]!.count]).toEqual([10_000, 2, 1]);
    expect(parts.warned).toMatchObject([{ requests: 7 }]);
    expect(parts.port.leftOut).toBe(1);
    answer(parts);
    await flushed(parts);
    expect(parts.port.leftOut).toBe(1);
  });

  it('goes in batches that no request is too large for', async () => {
    const parts = recording();
    const long = `{ ${Array.from({ length: 450 }, (_, at) => `alias${at}: a`).join(' ')} }`;
    for (let at = 0; at < 1_000; at++) answer(parts, { source: long, plan: `plan ${at}` });
    await parts.recorder.flush();
    expect(parts.port.recorded).toHaveLength(1_000);
    expect(parts.port.batches.length).toBeGreaterThan(1);
    for (const batch of parts.port.batches) expect(JSON.stringify(batch).length).toBeLessThan(5_000_000);
  });
});

describe('A gateway that records', () => {
  const parts = { port: new TestPort() };
  let recorder: UsageRecorder;
  let gateway: TestGateway;
  beforeAll(async () => {
    recorder = recordUsage(parts.port, { log: pino({ level: 'silent' }) });
    gateway = await testGateway({ extensions: [recorder] });
  });
  afterAll(() => gateway.close());
  afterEach(async () => {
    await recorder.flush();
    parts.port.batches.length = 0;
  });

  it('counts what it answered, by whoever it was, and nothing that it refused', async () => {
    const client = { 'apollographql-client-name': 'web' };
    const token = gateway.identity.accessToken({ claims: { plan: 'pro' } });
    const other = gateway.identity.accessToken({
      claims: { plan: 'pro', tid: '018f0000-0000-7000-8000-000000000001' },
    });
    await gateway.query('query Open { open fails(how: "crash") }', { token, headers: client });
    await gateway.query('query Open { open fails(how: "signin") }', { token: other, headers: client });
    await gateway.query('query Open { open fails(how: "caller") }');
    for (const query of [
      '{ nonsense }',
      '{',
      'query A { open } query B { open }',
      'query ($how: String!) { fails(how: $how) }',
    ])
      await gateway.query(query, { token });
    await gateway.query('{ open }', { token: 'forged' });
    await recorder.flush();
    const open = { operationName: 'Open', document: 'query Open {\n  open\n  fails(how: "")\n}' };
    expect(parts.port.recorded).toMatchObject([
      { ...open, plan: 'pro', client: { name: 'web' }, count: 2, errors: 2 },
      { ...open, plan: null, client: { name: null }, count: 1, errors: 1 },
    ]);
    expect(parts.port.recorded[0]!.totalMs).toBeGreaterThan(0);
  });

  it('does not count what it did not give to a caller of no tenant, and counts it where it gave some of it', async () => {
    const tenant = gateway.identity.accessToken({ claims: { plan: 'pro' } });
    const refused = [
      'query A { fails(how: "signin") }',
      'query B { __typename viewer { id } fails(how: "signin") }',
      'query Aliased { called: __typename ...F fails(how: "signin") } fragment F on Query { also: __typename viewer { id } }',
      'query WithSchema { __schema { queryType { name } } viewer { id } }',
    ];
    for (const query of refused)
      expect((await gateway.query(query)).body).toMatchObject({
        errors: expect.arrayContaining([
          expect.objectContaining({ extensions: expect.objectContaining({ code: 'UNAUTHENTICATED' }) }),
        ]),
      });
    await gateway.query(refused[0]!, { token: tenant });
    await gateway.query('query C { open fails(how: "signin") }');
    await gateway.query('query D { fails(how: "crash") }');
    await recorder.flush();
    expect(parts.port.recorded.map(({ operationName, plan }) => [operationName, plan])).toEqual([
      ['A', 'pro'],
      ['C', null],
      ['D', null],
    ]);
  });

  it.each([
    ['by a literal', 'query A { viewer @skip(if: true) { id } }'],
    ['beside a name that is no data', 'query A { called: __typename viewer @include(if: false) { id } }'],
    ['by a variable', 'query A ($out: Boolean = true) { ...F @skip(if: $out) } fragment F on Query { viewer { id } }'],
  ])('does not count what a caller of no tenant left out of it %s, as long as that is all', async (_how, query) => {
    expect((await gateway.query(query)).body).not.toHaveProperty('errors');
    await gateway.query(query.replace('query A', 'query B').replace('{', '{ open @skip(if: false) '));
    await gateway.query(query, { token: gateway.identity.accessToken({ claims: { plan: 'pro' } }) });
    await recorder.flush();
    expect(parts.port.recorded.map(({ operationName, plan }) => [operationName, plan])).toEqual([
      ['B', null],
      ['A', 'pro'],
    ]);
  });

  it.each([
    '{ __typename }',
    '{ __schema { queryType { name } } a: __type(name: "User") { name } }',
    '{ ... { __typename } ...F } fragment F on Query { __typename }',
  ])('does not count what asks for nothing but the schema: %s', async (query) => {
    const token = gateway.identity.accessToken({ claims: { plan: 'pro' } });
    expect(await gateway.query(query, { token })).toMatchObject({ status: 200 });
    await recorder.flush();
    expect(parts.port.recorded).toEqual([]);
  });

  it('counts what came in variables by the names that the schema has for it', async () => {
    await gateway.query('query ($input: EchoInput) { echo(input: $input) }', { variables: { input: { text: 'Ada' } } });
    await recorder.flush();
    expect(parts.port.recorded).toMatchObject([{ inputs: ['EchoInput.text'], count: 1 }]);
  });

  it('answers as ever while the port is away or hangs', async () => {
    parts.port.isAway = true;
    expect(await gateway.query('{ open }')).toMatchObject({ status: 200, body: { data: { open: 'everybody' } } });
    await recorder.flush();
    expect(await gateway.query('{ open }')).toMatchObject({ status: 200, body: { data: { open: 'everybody' } } });
    parts.port.isAway = false;
    await recorder.flush();
    expect(parts.port.recorded).toMatchObject([{ count: 2 }]);
  });
});

describe('What comes in several payloads', () => {
  const NOTES = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { notes: [Note!] }
    type Subscription { noteChanged: Note }
    type Note @key(fields: "id") { id: ID! text: String }`;
  const USERS = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Query { users: Int }
    type Note @key(fields: "id") { id: ID! author: String }`;
  const planners = startPlannerThreads({ log: pino({ level: 'silent' }) });
  const events = new EventLog();
  const port = new TestPort();
  let recorder: UsageRecorder;
  let graph: OpenGraph;
  beforeAll(async () => {
    recorder = recordUsage(port, { log: pino({ level: 'silent' }) });
    const entity = ({ id }: Record<string, unknown>) => ({ __typename: 'Note', id, text: 't', author: 'a' });
    const roots = () => ({ notes: [{ __typename: 'Note', id: '1', text: 't' }] });
    graph = await openGraph(
      supergraphOf({ notes: NOTES, users: USERS }),
      handles(
        inProcess('notes', NOTES, roots, entity, { subscribe: events.subscribe }),
        inProcess('users', USERS, () => ({}), entity),
      ),
      { planners, extensions: [recorder] },
    );
  });
  afterAll(async () => {
    await recorder.close();
    await graph.close();
    await planners.close();
  });
  afterEach(async () => {
    await recorder.flush();
    port.batches.length = 0;
  });

  it('counts once: a subscription of a tenant when it begins, though no event comes', async () => {
    const parts = recording();
    parts.recorder.onSubscription!(seen({ source: 'subscription Changes { a }', plan: 'pro' }));
    answer(parts, { source: 'subscription Changes { a }', plan: 'pro' });
    expect(await flushed(parts)).toMatchObject([{ operationName: 'Changes', count: 1, errors: 0, totalMs: 0 }]);
  });

  it('counts nothing of a subscription that a caller of no tenant did not get', async () => {
    events.refusal = new Unauthenticated();
    const opened = await graph.open('subscription Refused { noteChanged { id } }');
    if (opened.kind !== 'stream') throw new Error('It was answered at once.');
    const payloads = [];
    for await (const { result } of opened.stream) payloads.push(result);
    events.refusal = null;
    expect(payloads).toMatchObject([{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
    await recorder.flush();
    expect(port.recorded).toEqual([]);
  });

  it('counts once: a subscription of no tenant when its first event is answered, however many come', async () => {
    const opened = await graph.open('subscription Changes { noteChanged { id author } }');
    if (opened.kind !== 'stream') throw new Error('It was answered at once.');
    for (let id = 1; id <= 3; id++) {
      events.publish({ noteChanged: { __typename: 'Note', id: String(id) } });
      await opened.stream.next();
    }
    await opened.stream.return!();
    await recorder.flush();
    expect(port.recorded).toMatchObject([{ operationName: 'Changes', count: 1, errors: 0, totalMs: 0 }]);
  });

  it('counts once: an operation that defers some of its answer', async () => {
    const opened = await graph.open('query Parts { notes { id ... @defer { author } } }', {
      incremental: 'deferSpec=20220824',
    });
    if (opened.kind !== 'stream') throw new Error('It was answered at once.');
    while (!(await opened.stream.next()).done);
    await recorder.flush();
    expect(port.recorded).toMatchObject([{ operationName: 'Parts', count: 1, errors: 0 }]);
  });
});
