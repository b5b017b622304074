import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { recordUsage, type UsageRecorder } from '@inevitable/gateway';
import { pino } from 'pino';
import { testGateway, type TestGateway } from '../../gateway/test-support/test-gateway.js';
import { openTestOperations, type TestOperations } from '../../subgraphs/operations/testing/open-test-operations.js';

let operations: TestOperations;
let recorder: UsageRecorder;
let gateway: TestGateway;
beforeAll(async () => {
  operations = await openTestOperations();
  recorder = recordUsage(operations.usage, { log: pino({ level: 'silent' }) });
  gateway = await testGateway({ extensions: [recorder] });
});
afterAll(async () => {
  await gateway.close();
  await recorder.close();
  await operations.close();
});

/** A user of a tenant. */
const someone = (plan: string) => ({ sub: randomUUID(), sid: randomUUID(), tid: randomUUID(), plan });
type Someone = ReturnType<typeof someone>;

const QUERY = `
  """canary-described"""
  query Shown("canary-described" $how: String! = "canary-default", $input: EchoInput, $odd: Odd) {
    open
    fails(how: "canary-literal")
    other: fails(how: $how)
    echo(value: { canary_key: ["canary-nested", 471108154, canary_enum] }, input: { text: """canary-block""", count: 471108154 })
    again: echo(value: $odd, input: $input)
    ...Opened
  }
  "canary-described"
  fragment Opened on Query { open }`;
const MUTATION = 'mutation ($input: CountInput!) { count(input: $input) }';

async function send(claims: Someone): Promise<void> {
  const token = gateway.identity.accessToken({
    claims: { ...claims, roles: ['canary-role'], scope: 'canary:scope:read' },
  });
  const headers = {
    'apollographql-client-name': 'web',
    'apollographql-client-version': '1',
    'x-request-id': 'canary-request',
    'user-agent': 'canary-agent',
    cookie: 'session=canary-cookie',
    'x-forwarded-for': 'canary-address',
    traceparent: '00-cafecafecafecafecafecafecafecafe-cafecafecafecafe-01',
  };
  const variables = {
    how: 'canary-variable',
    odd: { canary_property: 'canary-value', email: 'canary@acme.test' },
    input: { text: 'canary-input', count: 471108154 },
  };
  expect(await gateway.query(QUERY, { token, headers, variables })).toMatchObject({
    body: { data: { open: 'everybody' } },
  });
  const counted = { input: { by: 471108154, labels: ['canary-label'] } };
  expect(await gateway.query(MUTATION, { token, headers, variables: counted })).toMatchObject({ body: { data: {} } });
}

/** Every row of every table of operations, as text. */
async function everyRow(): Promise<string> {
  const tables = await operations.rows<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'operations'`,
  );
  expect(tables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['operations', 'operation_inputs', 'operation_hours']),
  );
  const texts: string[] = [];
  for (const { name } of tables)
    for (const { row } of await operations.rows<{ row: string }>(`select t::text as row from operations."${name}" t`))
      texts.push(row);
  return texts.join('\n');
}

describe('What is recorded of operations', () => {
  it('tells nothing of who sent them or with what: not a value, an id, a header or a name', async () => {
    const people = [someone('free'), someone('free'), someone('pro')];
    for (const one of people) await send(one);
    await gateway.query('query Anonymous { fails(how: "canary-anonymous") }', { headers: { 'x-canary': 'canary' } });
    await recorder.flush();

    const rows = await everyRow();
    expect(rows).toContain('query Shown');
    expect(rows).toContain('EchoInput.text');
    expect(rows).not.toMatch(/canary|471108154|cafecafe|acme/i);
    for (const { sub, sid, tid } of people) for (const id of [sub, sid, tid]) expect(rows).not.toContain(id);
  });

  it('is one count for all tenants of a plan', async () => {
    const { data } = await operations.ask(
      '{ recordedOperations { nodes { operationName inputs clients { name version plan count } } } }',
    );
    const { nodes } = (data as { recordedOperations: { nodes: { operationName: string | null }[] } })
      .recordedOperations;
    const web = { name: 'web', version: '1' };
    const clients = [
      { ...web, plan: 'free', count: 2 },
      { ...web, plan: 'pro', count: 1 },
    ];
    expect(nodes).toHaveLength(3);
    expect(nodes).toEqual(
      expect.arrayContaining([
        { operationName: 'Shown', inputs: ['EchoInput.count', 'EchoInput.text'], clients },
        { operationName: null, inputs: ['CountInput.by', 'CountInput.labels'], clients },
        { operationName: 'Anonymous', inputs: [], clients: [{ name: null, version: null, plan: null, count: 1 }] },
      ]),
    );
  });
});
