import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceAssertions, serviceCredential } from '@inevitable/contract';
import { buildClientSchema, getIntrospectionQuery, isObjectType, type IntrospectionQuery } from 'graphql';
import { TestStack, type Session } from '../support/test-stack.js';

/** How a field is asked for, and by whom. */
interface Row {
  /** Any of these is enough: `nobody`, `caller` (a person or a key), `person`, `platform-admin`, or a permission. */
  readonly needs: readonly string[];
  /** An operation that asks for the field, and changes nothing where it is allowed. */
  readonly ask: string;
}

/** Every root field, and every other one that takes arguments. A field without a row fails. */
const MATRIX = JSON.parse(readFileSync('tests/security/access-matrix.json', 'utf8')) as Record<string, Row>;

const isPermission = (need: string): boolean => need.includes(':');
const verbOf = (need: string): string => need.slice(need.lastIndexOf(':') + 1);
const isForPeople = (need: string): boolean => ['nobody', 'caller', 'person'].includes(need);

/** Who may, by one of the things that a field needs. */
const CALLERS = {
  anonymous: (need) => need === 'nobody',
  viewer: (need) => isForPeople(need) || (isPermission(need) && verbOf(need) === 'read'),
  member: (need) => isForPeople(need) || (isPermission(need) && verbOf(need) !== 'admin'),
  owner: (need) => need !== 'platform-admin',
  // With the role of a member in the tenant: the flag itself opens nothing there.
  'platform administrator': (need) => !isPermission(need) || verbOf(need) !== 'admin',
  'API key without scope': (need) => need === 'nobody' || need === 'caller',
} as const satisfies Record<string, (need: string) => boolean>;
type Caller = keyof typeof CALLERS;

let stack: TestStack;
let bearers: Readonly<Record<Caller, string | null>>;
beforeAll(async () => {
  stack = await TestStack.start();
  const [ada, bob, root, viewer] = await Promise.all([
    stack.signIn('ada@acme.test'),
    stack.signIn('bob@acme.test'),
    stack.signIn('root@platform.test'),
    signInAsViewer(),
  ]);
  // A key has one scope at least: this one opens no field of the matrix.
  const { body } = await ada.query(
    'mutation { createApiKey(input: { name: "of no use here", scopes: ["identity:api-keys:admin"] }) { key } }',
  );
  bearers = {
    anonymous: null,
    viewer: viewer.accessToken,
    member: bob.accessToken,
    owner: ada.accessToken,
    'platform administrator': root.accessToken,
    'API key without scope': (body.data!['createApiKey'] as { key: string }).key,
  };
});
afterAll(() => stack.close());

/** Somebody of another tenant, who may look into this one. */
async function signInAsViewer(): Promise<Session> {
  await stack.sql(
    `insert into identity.memberships (tenant_id, id, user_id, roles)
     select t.id, gen_random_uuid(), u.id, '{viewer}' from identity.tenants t, identity.users u
     where t.slug = 'acme' and u.username = 'gus'`,
  );
  return stack.signIn('gus@globex.test', 'acme');
}

const headersOf = (caller: Caller): Record<string, string> => {
  const bearer = bearers[caller];
  return bearer === null ? {} : { authorization: `Bearer ${bearer}` };
};

const REFUSED = /"code":"(UNAUTHENTICATED|FORBIDDEN|UNAUTHORIZED_FIELD_OR_TYPE)"/;

const isSubscription = (field: string): boolean => field.startsWith('Subscription.');

/** Something that every subscription of the tenant tells of. */
async function stir(name: string): Promise<void> {
  const { body } = await stack.query(
    `mutation ($name: String!) {
      createNote(input: { text: $name }) { id }
      generatePlatform(input: { name: $name, template: "static-site" }) { id }
    }`,
    { name },
    headersOf('owner'),
  );
  expect(body.errors).toBeUndefined();
}

/** Much longer than it takes: for the test to say which subscription heard nothing. */
const HEARD_WITHIN_MS = 15_000;

/** The first event of a subscription, which is also its refusal. Rejects where it hears nothing. */
async function firstEvent(caller: Caller, query: string): Promise<() => Promise<string>> {
  const leave = new AbortController();
  const signal = AbortSignal.any([leave.signal, AbortSignal.timeout(HEARD_WITHIN_MS)]);
  const response = await fetch(`${stack.url}/graphql`, {
    method: 'POST',
    signal,
    headers: { accept: 'text/event-stream', 'content-type': 'application/json', ...headersOf(caller) },
    body: JSON.stringify({ query }),
  });
  return async () => {
    let text = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes('data: {')) break;
    }
    leave.abort();
    return text;
  };
}

/** What each field answered, by its name. */
async function answersTo(caller: Caller): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>();
  for (const [field, { ask }] of Object.entries(MATRIX))
    if (!isSubscription(field)) answers.set(field, (await stack.query(ask, {}, headersOf(caller))).text);
  const subscribed = await Promise.all(
    Object.entries(MATRIX)
      .filter(([field]) => isSubscription(field))
      .map(async ([field, { ask }]) => [field, await firstEvent(caller, ask)] as const),
  );
  await stir(`heard by: ${caller}`);
  for (const [field, event] of subscribed) answers.set(field, await event().catch(() => 'nothing was heard'));
  return answers;
}

describe('The matrix of who may what', () => {
  it('has a row for every field of the roots, and for every other one that is asked with arguments', async () => {
    const { body } = await stack.query(getIntrospectionQuery());
    const schema = buildClientSchema(body.data as unknown as IntrospectionQuery);
    const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
    const fields = Object.values(schema.getTypeMap())
      .filter(isObjectType)
      .filter(({ name }) => !name.startsWith('__'))
      .flatMap((type) =>
        Object.values(type.getFields())
          .filter(({ args }) => roots.has(type) || args.length > 0)
          .map(({ name }) => `${type.name}.${name}`),
      );
    expect(Object.keys(MATRIX).sort()).toEqual(fields.sort());
  });

  it.each(Object.keys(CALLERS) as Caller[])('holds for every field, asked for by: %s', async (caller) => {
    const wrong: string[] = [];
    for (const [field, answer] of await answersTo(caller)) {
      const { needs } = MATRIX[field]!;
      if (/GRAPHQL_|INTERNAL|nothing was heard/.test(answer)) wrong.push(`${field} is asked wrongly: ${answer}`);
      if (REFUSED.test(answer) === needs.some(CALLERS[caller]))
        wrong.push(`${field}, which needs ${needs.join(' or ')}, answered ${answer.slice(0, 300)}`);
    }
    const said = wrong.some((line) => line.includes('INTERNAL')) ? stack.processes.map(({ output }) => output()) : [];
    expect([wrong, said]).toEqual([[], []]);
  });

  it('has no column for services: with what one proves itself to core-identity, the gateway lets nobody in', async () => {
    const file = join(stack.dataDir, 'credentials', 'worker.json');
    const credential = serviceCredential.parse(JSON.parse(await readFile(file, 'utf8')));
    for (const audience of ['gateway', 'identity', 'inevitable-gateway']) {
      const authorization = `Bearer ${serviceAssertions(credential, audience)()}`;
      expect(await stack.query('{ permissionCatalogue }', {}, { authorization })).toMatchObject({ status: 401 });
    }
  });
});
