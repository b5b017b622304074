import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import type { AnswerSeen } from '../extensions/gateway-extension.js';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';
import { accounts, handles, notes } from '../test-support/test-subgraphs.js';
import { counted } from '../test-support/watched-subgraphs.js';
import { DEFAULT_LIMITS } from './limits-settings.js';

const SHOW = { headers: { 'x-inevitable-cost': 'show' } };
const refusal = (status: number, code: string, message: string, more: object = {}) => ({
  status,
  body: { errors: [{ message, extensions: { code, ...more } }] },
});

describe('The cost of an operation', () => {
  const people = counted(accounts());
  const answers: AnswerSeen[] = [];
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await testGateway({
      limits: { ...DEFAULT_LIMITS, cost: 130 },
      subgraphs: handles(people.handle, notes()),
      extensions: [{ name: 'watch', contract: 1, onAnswer: (answer) => void answers.push(answer) }],
    });
  });
  afterAll(() => gateway.close());

  it('is refused beyond the limit, before anything is fetched', async () => {
    const { length } = people.queries;
    const { status, body } = await gateway.query('{ notes { author { notes { author { id } } } } }');
    expect({ status, body }).toEqual(
      refusal(
        400,
        'COST_ESTIMATED_TOO_EXPENSIVE',
        'The operation may cost 220; 130 is the limit. Ask for shorter lists, or for less at once.',
        { cost: { estimated: 220, limit: 130 } },
      ),
    );
    expect(people.queries).toHaveLength(length);
  });

  it.each([
    ['one subgraph’s own bytes', '{ notes { text } }', { estimated: 10, actual: 2 }],
    ['several subgraphs', '{ notes { author { notes { text } } } }', { estimated: 120, actual: 2 + 2 }],
    ['custom scalars that hold objects', '{ node { odd } }', { estimated: 1, actual: 1 }],
    ['inputs', 'mutation { count(input: { by: 1 }) }', { estimated: 11, actual: 11 }],
    ['no object at all', '{ open __typename }', { estimated: 0, actual: 0 }],
    ['what failed', '{ viewer { id } }', { estimated: 1, actual: 0 }],
  ])('is shown to whoever wants to see it, as estimated and as it was: of %s', async (_what, query, cost) => {
    expect((await gateway.query(query, SHOW)).body.extensions).toEqual({ cost: { ...cost, limit: 130 } });
    expect((await gateway.query(query)).body).not.toHaveProperty('extensions');
  });

  it('is shown by its one name only', async () => {
    expect(await gateway.query('{ open }', { headers: { 'x-inevitable-cost': 'yes' } })).toMatchObject(
      refusal(400, 'BAD_USER_INPUT', '"x-inevitable-cost" takes the value "show".'),
    );
  });

  it('is what was estimated for an answer in parts, of which only the first is known', async () => {
    const accept = { headers: { accept: 'multipart/mixed;incrementalSpec=v0.2, application/json' } };
    const query = '{ notes { text ... @defer { author { email } } } }';
    const body = JSON.stringify({ query });
    const headers = { ...accept.headers, 'content-type': 'application/json' };
    await (await gateway.get('/graphql', { method: 'POST', headers, body })).text();
    expect(answers.at(-1)!.actualCost).toBe(20);
    await gateway.query(query);
    expect(answers.at(-1)!.actualCost).toBe(2 + 2);
  });
});

describe('The schema', () => {
  const gateways = new Map<string, TestGateway>();
  beforeAll(async () => {
    for (const introspection of ['signed-in', 'nobody'] as const)
      gateways.set(introspection, await testGateway({ introspection }));
    gateways.set('everybody', await testGateway());
    gateways.set('administrators', await testGateway({ deployment: 'customer' }));
  });
  afterAll(() => Promise.all([...gateways.values()].map((gateway) => gateway.close())));

  const people = ['anonymous', 'member', 'administrator'] as const;
  const asking = ({ identity }: TestGateway, who: (typeof people)[number]) =>
    who === 'anonymous'
      ? {}
      : { token: identity.accessToken({ claims: who === 'administrator' ? { adm: true } : {} }) };

  it.each([
    ['everybody', [true, true, true]], // what an internal deployment has unless it says otherwise
    ['signed-in', [false, true, true]],
    ['administrators', [false, false, true]], // a customer one
    ['nobody', [false, false, false]],
  ])('is told, and hinted at in what is said of mistakes, to whom it may be: %s', async (on, may) => {
    const gateway = gateways.get(on)!;
    for (const [at, who] of people.entries()) {
      const caller = asking(gateway, who);
      const whole = await gateway.query(getIntrospectionQuery(), caller);
      if (may[at]) expect(whole.body.data.__schema.types.length).toBeGreaterThan(5);
      else
        expect(whole).toMatchObject(
          refusal(
            403,
            'INTROSPECTION_DISABLED',
            'You may not ask for the schema here: leave out "__schema" and "__type".',
          ),
        );
      const mistakes = await Promise.all([
        gateway.query('{ opn }', caller),
        gateway.query('{ echo(input: { txt: "" }) }', caller),
        gateway.query('query ($i: EchoInput) { echo(input: $i) }', {
          ...caller,
          variables: { i: { text: '', cout: 1 } },
        }),
      ]);
      for (const { status, body } of mistakes)
        expect([status, JSON.stringify(body).includes('Did you mean')]).toEqual([400, may[at]]);
      expect((await gateway.query('{ __typename n: node { __typename } }', caller)).body.data).toMatchObject({
        __typename: 'Query',
      });
    }
  });

  it.each([
    '{ open schema: __schema { queryType { name } } }',
    '{ __type(name: "User") { name } }',
    '{ ...F } fragment F on Query { ... @include(if: true) { ...G } } fragment G on Query { open __type(name: "A") { name } }',
    '{ open __schema @skip(if: true) { queryType { name } } }',
    'query ($w: Boolean = false) { open ... @include(if: $w) { __schema { queryType { name } } } }',
  ])('is not to be had by another way: %s', async (query) => {
    const { status, body } = await gateways.get('nobody')!.query(query);
    expect([status, body.errors[0].extensions.code, body.data]).toEqual([403, 'INTROSPECTION_DISABLED', undefined]);
  });
});
