import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { userOf, type ApiKeyId, type RequestContext, type UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { hostSubgraph, openProductDatabase, type HostedSubgraph, type ProductDatabase } from '@inevitable/kit/host';
import { pino } from 'pino';
import type { FlowDeps } from '../../identity/service/flows/flow-deps.js';
import { resolvers } from '../../identity/service/graph/resolvers.js';
import { identityDatabase } from '../../identity/service/identity-database.js';
import { accountRoutes } from '../../identity/service/routes/account-routes.js';
import { authRoutes } from '../../identity/service/routes/auth-routes.js';
import { invitationRoutes } from '../../identity/service/routes/invitation-routes.js';
import { anonymous, openTestIdentity, type TestIdentity } from '../../identity/service/testing/open-test-identity.js';
import { askField } from './products/ask-field.js';
import { fieldsOfRoot } from './products/product-schema.js';

// All of core-identity's doors, whoever knocks: what is refused is in the audit.

let test: TestIdentity;
let database: ProductDatabase;
let identity: HostedSubgraph;
beforeAll(async () => {
  test = await openTestIdentity();
  database = await openProductDatabase(identityDatabase, test.urlOf('app'));
  const everyOne = { claim: () => ({ leftOut: 0 }), leaveOut: () => undefined };
  const flows: FlowDeps = { ...test.flows, refusals: everyOne };
  const service = { flows } as never;
  identity = hostSubgraph(
    {
      ...test.identity.subgraph,
      resolvers: resolvers(flows),
      routes: { ...authRoutes(service), ...accountRoutes(service), ...invitationRoutes(service) },
      openRoutes: [],
    },
    {
      database,
      entitlements: test.identity.ports.entitlements,
      events: null,
      securityEvent: () => undefined,
      log: pino({ level: 'silent' }),
    },
  );
});
afterAll(async () => {
  await database.close();
  await test.close();
});

interface Refused {
  readonly tenant: string | null;
  readonly action: string;
  readonly reason?: string;
}

/** What the audit has got of refusals in all chains. */
async function refusedIn(work: () => Promise<void>): Promise<readonly Refused[]> {
  const marks = await test.rows<{ chain: string; last: string }>(
    'select tenant_id as chain, sequence as last from audit_heads',
  );
  await work();
  const lasts = new Map(marks.map(({ chain, last }) => [chain, Number(last)]));
  const events = await test.rows<{ chain: string; sequence: string; record: string }>(
    'select tenant_id as chain, sequence, record from audit_events order by id',
  );
  return events
    .filter(({ chain, sequence }) => Number(sequence) > (lasts.get(chain) ?? 0))
    .map(({ record }) => JSON.parse(record) as Refused & { outcome: string })
    .filter(({ outcome }) => outcome === 'refused');
}

/** By whom each mutation is sent, with an example of its input that means nothing. */
const CALLERS: Readonly<Record<string, (ada: RequestContext) => RequestContext>> = {
  'an API key': (ada) => ({ ...ada, caller: { kind: 'apiKey', keyId: newId() as ApiKeyId }, may: new Set() }),
  'a person without permissions': (ada) => ({ ...ada, may: new Set() }),
  'somebody in a person’s place': (ada) => ({
    ...ada,
    caller: { kind: 'member', userId: newId() as UserId, actor: newId() as UserId },
  }),
  'an owner': (ada) => ada,
  'a platform administrator': (ada) => ({ ...ada, caller: { kind: 'platformAdmin', userId: userOf(ada.caller)! } }),
  'nobody in particular': () => anonymous,
};

/** What the flows call what they do. */
const FLOWS = 'identity/service/flows';
const ACTIONS = new Set(
  readdirSync(FLOWS, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.test)\.ts$/.test(file))
    .flatMap((file) => readFileSync(join(FLOWS, file), 'utf8').match(/(?<=')identity\.[a-z-]+(?=')/g) ?? []),
);

/** Refusals that the audit is not to have, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  // The kit refuses these before any resolver, as the gateway does before that: nobody asked, and nothing was looked at.
  'UNAUTHENTICATED of nobody in particular': 'nobody who is known asked for anything that is',
};

describe('A mutation of core-identity that is refused', () => {
  it.each(Object.keys(CALLERS))(
    'to %s leaves one record, with a reason, in their chain or in nobody’s',
    async (who) => {
      const isOpen = (name: string) => test.identity.subgraph.publicFields!.includes(`Mutation.${name}`);
      const root = identity.schema.getMutationType()!;
      const wrong: unknown[] = [];
      let refusals = 0;
      const context = CALLERS[who]!(await test.as('ada'));
      for (const field of fieldsOfRoot(root)) {
        const { text, variables } = askField(root, field);
        let code: string | undefined;
        const left = await refusedIn(async () => {
          const { errors } = await identity.execute({ query: text, variables }, context);
          code = errors?.[0]?.extensions['code'] as string | undefined;
        });
        if (code === undefined) continue;
        const isLeftOut = !isOpen(field.name) && `${code} of ${who}` in LEFT_OUT;
        refusals += 1;
        const isRight =
          code !== 'INTERNAL' &&
          left.length === (isLeftOut ? 0 : 1) &&
          left.every(
            ({ tenant, reason, action }) =>
              (tenant === null || tenant === context.tenant?.id) && reason && /^identity\.[a-z-]+$/.test(action),
          );
        if (!isRight) wrong.push({ field: field.name, code, left });
      }
      expect(wrong).toEqual([]);
      expect(refusals).toBeGreaterThan(20);
    },
  );

  it('is called in the audit as what it does when it is not refused', async () => {
    const refusedActions = new Set<string>();
    const root = identity.schema.getMutationType()!;
    const asking = CALLERS['an API key']!(await test.as('ada'));
    for (const field of fieldsOfRoot(root)) {
      const { text, variables } = askField(root, field);
      for (const { action } of await refusedIn(
        async () => void (await identity.execute({ query: text, variables }, asking)),
      ))
        refusedActions.add(action);
    }
    expect([...refusedActions].filter((action) => !ACTIONS.has(action))).toEqual([]);
  });
});

describe('A route of core-identity that is refused', () => {
  const BODIES = [
    'no JSON',
    '{}',
    '{"email":"nobody@nowhere.test","password":"wrong","token":"made-up","refreshToken":"made-up"}',
  ];

  it('leaves one record, with a reason', async () => {
    const wrong: unknown[] = [];
    for (const pattern of Object.keys(identity.declaration.routes!).filter((route) => route.startsWith('POST '))) {
      for (const body of BODIES) {
        const request = new Request(`http://stack.test${pattern.slice('POST '.length)}`, { method: 'POST', body });
        let status = 0;
        const left = await refusedIn(async () => {
          ({ status } = await identity.fetch(request, anonymous));
        });
        if (status < 400) continue;
        if (status >= 500 || left.length !== 1 || !left[0]!.reason) wrong.push({ pattern, body, status, left });
      }
    }
    expect(wrong).toEqual([]);
  });
});
