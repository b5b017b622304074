import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiSchemaOf } from '@inevitable/gateway';
import {
  getNamedType,
  isCompositeType,
  isObjectType,
  isRequiredArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { packTemplateArchive } from '../../subgraphs/platformforge/rendering/pack-template-archive.js';
import { templateContent } from '../../subgraphs/platformforge/rendering/template-content.js';
import { uploadedManifest } from '../../subgraphs/platformforge/rendering/template-manifest.js';
import { DEMO_PASSWORD, TestStack, until, type Session } from '../support/test-stack.js';

/** How deep a path from the root may lead; the join user → notes → author → notes is within it. */
const DEPTH = 4;

/** A payload of a job that finds nothing to do. */
const NO_NOTE = '{ noteId: "01890000-0000-7000-8000-000000000000" }';

/** A template that is uploaded in the first tenant; the others are everybody's. */
const SECRET_TEMPLATE = 'secret-of-the-first';
const EVERY_STATE = '[QUEUED, GENERATING, READY, FAILED, EXPIRED, ARCHIVED]';

/** One input that names the victim's ids, each in turn. */
const inputsOf = (victim: Victim, ...rest: string[]): Record<string, string>[] =>
  victim.ids.map((id) => ({ input: `{ ${[`id: ${JSON.stringify(id)}`, ...rest].join(', ')} }` }));

/** What each root field is asked with: the victim's ids wherever an id is taken. A root field without a row fails the test. */
const ARGUMENTS: Readonly<Record<string, (victim: Victim) => Record<string, string>[]>> = {
  'Query.viewer': () => [{}],
  'Query.entitlements': ({ tenantId }) => [{}, { tenant: '"acme"' }, { tenant: JSON.stringify(tenantId) }],
  'Query.platformAuditEvents': () => [{}],
  'Query.note': (victim) => victim.ids.map((id) => ({ id: JSON.stringify(id) })),
  'Query.platform': (victim) => victim.ids.map((id) => ({ id: JSON.stringify(id) })),
  'Query.platforms': (victim) => [
    { filter: `{ status: ${EVERY_STATE} }` },
    { filter: '{ nameContains: "secret" }' },
    { filter: `{ template: "${SECRET_TEMPLATE}" }` },
    ...victim.ids.map((id) => ({ filter: `{ createdBy: ${JSON.stringify(id)}, status: ${EVERY_STATE} }` })),
  ],
  'Query.platformTemplates': () => [{}],
  'Query.platformSettings': () => [{}],
  'Query.platformForgeHealth': () => [{}],
  'Query.stackStatus': () => [{}],
  'Query.healthHistory': () => [{}],
  'Query.jobHours': () => [{}],
  'Query.recordedOperations': () => [{}],
  'Query.schemaPublications': () => [{}],
  'Query.currentSchema': () => [{}],
  'Query.schemaVersion': () => [{ number: '1' }],
  'Query.jobs': (victim) => [{}, ...victim.ids.map((id) => ({ filter: `{ tenantId: ${JSON.stringify(id)} }` }))],
  'Query.job': (victim) => victim.ids.map((id) => ({ id: JSON.stringify(id) })),
  'Query.jobDefinitions': () => [{}],
  'Query.permissionCatalogue': () => [{}],
  'Mutation.createTenant': () => [{ input: '{ slug: "attackers-own", name: "The attacker’s own" }' }],
  'Mutation.updateTenant': () => [{ input: '{ name: "renamed" }' }],
  'Mutation.inviteMember': () => [{ input: '{ email: "friend@attacker.test", roles: ["member"] }' }],
  'Mutation.revokeInvitation': ({ invitationId }) => [{ input: `{ id: "${invitationId}" }` }],
  'Mutation.acceptInvitation': () => [{ input: '{ token: "guess" }' }],
  'Mutation.joinByInvitation': () => [
    { input: '{ token: "guess", password: "tractor in a pond", displayName: "Ada", username: "ada" }' },
  ],
  'Mutation.changeMemberRoles': ({ membershipIds }) =>
    membershipIds.map((id) => ({ input: `{ membershipId: "${id}", roles: ["viewer"] }` })),
  'Mutation.removeMember': ({ membershipIds }) => membershipIds.map((id) => ({ input: `{ membershipId: "${id}" }` })),
  'Mutation.startMemberPasswordReset': ({ membershipIds }) =>
    membershipIds.map((id) => ({ input: `{ membershipId: "${id}" }` })),
  'Mutation.leaveTenant': ({ tenantId }) => [{ input: '{ tenant: "acme" }' }, { input: `{ tenant: "${tenantId}" }` }],
  'Mutation.switchTenant': ({ tenantId }) => [{ input: '{ tenant: "acme" }' }, { input: `{ tenant: "${tenantId}" }` }],
  'Mutation.createRole': () => [{ input: '{ name: "attackers", permissions: [] }' }],
  'Mutation.updateRole': ({ roleId }) => [{ input: `{ id: "${roleId}", permissions: [] }` }],
  'Mutation.deleteRole': ({ roleId }) => [{ input: `{ id: "${roleId}" }` }],
  'Mutation.endSession': (victim) => inputsOf(victim),
  // It keeps the session that asks the other questions.
  'Mutation.signOutEverywhere': () => [{ input: '{ keepThis: true }' }],
  'Mutation.setFeatureOverride': ({ tenantId }) => [
    { input: `{ tenant: "${tenantId}", feature: "starter.notes", quota: 0, per: DAY, reason: "spite" }` },
  ],
  'Mutation.removeFeatureOverride': ({ tenantId }) => [
    { input: `{ tenant: "${tenantId}", feature: "starter.notes", reason: "spite" }` },
  ],
  'Mutation.grantFeature': ({ tenantId }) => [
    { input: `{ tenant: "${tenantId}", feature: "starter.notes", amount: 1, source: "greed" }` },
  ],
  'Mutation.voidFeatureGrant': (victim) =>
    victim.ids.map((id) => ({ input: `{ tenant: "${victim.tenantId}", id: "${id}", reason: "spite" }` })),
  'Mutation.changePlan': ({ tenantId }) => [{ input: `{ tenant: "${tenantId}", plan: "free" }` }],
  'Query.tenantDeletion': ({ tenantId }) => [{ tenant: `"${tenantId}"` }],
  'Mutation.exportTenant': ({ tenantId }) => [{ input: `{ id: "${tenantId}" }` }],
  'Mutation.exportAccount': (victim) => inputsOf(victim),
  'Mutation.deleteTenant': ({ tenantId }) => [{ input: `{ id: "${tenantId}", slug: "globex" }` }],
  'Mutation.deleteAccount': (victim) => inputsOf(victim),
  'Mutation.keepTenant': ({ tenantId }) => [{ input: `{ id: "${tenantId}" }` }],
  'Mutation.suspendTenant': ({ tenantId }) => [{ input: `{ id: "${tenantId}", reason: "x" }` }],
  'Mutation.reactivateTenant': ({ tenantId }) => [{ input: `{ id: "${tenantId}" }` }],
  'Mutation.disableUser': (victim) => inputsOf(victim, 'reason: "x"'),
  'Mutation.enableUser': (victim) => inputsOf(victim),
  'Mutation.runJob': (victim) => [
    { input: `{ name: "starter.count-words", payload: ${NO_NOTE} }` },
    ...victim.ids.map((id) => ({
      input: `{ name: "starter.count-words", payload: ${NO_NOTE}, tenantId: ${JSON.stringify(id)} }`,
    })),
  ],
  'Mutation.retryJob': (victim) => victim.ids.map((id) => ({ input: `{ id: ${JSON.stringify(id)} }` })),
  'Mutation.cancelJob': (victim) => victim.ids.map((id) => ({ input: `{ id: ${JSON.stringify(id)} }` })),
  'Mutation.retryDeadJobs': () => [{ input: '{ name: "starter.count-words" }' }],
  'Mutation.pauseSchedule': () => [{ input: '{ name: "starter.count-words" }' }],
  'Mutation.resumeSchedule': () => [{ input: '{ name: "starter.count-words" }' }],
  'Mutation.publishSchema': () => [{ input: '{ supergraph: "enum join__Graph { X }", subgraphs: [] }' }],
  'Mutation.rollbackSchema': () => [{ input: '{ to: 1, basedOn: 1 }' }],
  'Mutation.createNote': () => [{ input: '{ text: "written by the attacker" }' }],
  'Mutation.generatePlatform': () => [{ input: '{ name: "written by the attacker", template: "static-site" }' }],
  'Mutation.updatePlatform': (victim) => inputsOf(victim, 'name: "taken over"'),
  'Mutation.regeneratePlatform': (victim) => inputsOf(victim),
  'Mutation.archivePlatform': (victim) => inputsOf(victim),
  'Mutation.restorePlatform': (victim) => inputsOf(victim),
  'Mutation.deletePlatform': (victim) => inputsOf(victim),
  'Mutation.deletePlatformTemplate': () => [{ input: `{ name: "${SECRET_TEMPLATE}" }` }],
  'Mutation.updatePlatformSettings': () => [{ input: '{ keepDays: 30 }' }],
  'Mutation.signIn': () => [
    { input: `{ email: "gus@globex.test", password: ${JSON.stringify(DEMO_PASSWORD)}, tenant: "acme" }` },
  ],
  'Mutation.completeSignIn': () => [{ input: '{ challenge: "guess", code: "000000" }' }],
  'Mutation.enrolTotp': () => [{ input: '{ label: "the attacker’s own" }' }],
  'Mutation.confirmTotp': () => [{ input: '{ code: "000000" }' }],
  'Mutation.disableTotp': () => [{ input: '{ code: "000000" }' }],
  'Mutation.regenerateRecoveryCodes': () => [{ input: '{ code: "000000" }' }],
  'Mutation.createApiKey': () => [{ input: '{ name: "the attacker’s own", scopes: ["starter:notes:read"] }' }],
  'Mutation.rotateApiKey': (victim) => inputsOf(victim, 'overlapMinutes: 60'),
  'Mutation.revokeApiKey': (victim) => inputsOf(victim),
  'Mutation.refreshSession': () => [{ input: '{ refreshToken: "guess" }' }],
  'Mutation.signOut': () => [{ input: '{ refreshToken: "guess" }' }],
  'Mutation.register': () => [
    {
      input:
        '{ email: "ada@acme.test", password: "tractor in a pond", displayName: "Ada", username: "ada", tenant: { slug: "attackers", name: "A" } }',
    },
  ],
  'Mutation.verifyEmail': () => [
    { input: '{ token: "guess", password: "tractor in a pond", username: "ada", tenantSlug: "attackers" }' },
  ],
  'Mutation.requestPasswordReset': () => [{ input: '{ email: "ada@acme.test" }' }],
  'Mutation.resetPassword': () => [{ input: '{ token: "guess", password: "tractor in a pond" }' }],
  'Mutation.changePassword': () => [{ input: '{ currentPassword: "guess", newPassword: "tractor in a pond" }' }],
  'Mutation.changeEmail': () => [{ input: '{ email: "bob@acme.test" }' }],
  'Mutation.confirmChangeEmail': () => [{ input: '{ token: "guess" }' }],
  'Mutation.updateProfile': () => [{ input: '{ username: "ada" }' }],
};

/** The same for subscriptions. */
const SUBSCRIPTIONS: Readonly<Record<string, (victim: Victim) => Record<string, string>[]>> = {
  'Subscription.jobChanged': (victim) => [{}, ...victim.ids.map((id) => ({ filter: `{ id: ${JSON.stringify(id)} }` }))],
  'Subscription.platformChanged': (victim) => [{}, ...victim.ids.map((id) => ({ id: JSON.stringify(id) }))],
  'Subscription.noteChanged': (victim) => [{}, ...victim.ids.map((id) => ({ id: JSON.stringify(id) }))],
};

interface Victim {
  readonly ids: readonly string[];
  readonly tenantId: string;
  readonly membershipIds: readonly string[];
  readonly roleId: string;
  readonly invitationId: string;
  /** Whatever must not appear in anybody else's answer. */
  readonly secrets: readonly string[];
}

let stack: TestStack;
let schema: GraphQLSchema;
let gus: Session;
let ada: Session;
let victim: Victim;

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/bin/stack.js', 'compose'], {
    maxBuffer: 1e8,
  });
  schema = apiSchemaOf(stdout);
  stack = await TestStack.start();
  [ada, gus] = await Promise.all([stack.signIn('ada@acme.test'), stack.signIn('gus@globex.test')]);
  const { body } = await ada.query(
    'mutation { createNote(input: { text: "a secret of acme 7d1c" }) { id createdBy { id } } }',
  );
  const note = body.data!['createNote'] as { id: string; createdBy: { id: string } };
  const [tenant] = await stack.sql("select id from identity.tenants where slug = 'acme'");
  const members = await stack.sql(
    'select u.id, u.email from identity.users u join identity.memberships m on m.user_id = u.id where m.tenant_id = $1',
    tenant!['id'],
  );
  const jobs = () => stack.sql('select id from jobs.jobs where tenant_id = $1', tenant!['id']);
  await until('the note’s words are to be counted', async () => (await jobs()).length > 0);
  await uploadTemplate(ada);
  const platform = await generatedPlatform(ada);
  const apiKeyId = await madeApiKey(ada);
  const ids = [...members, ...(await jobs())]
    .map(({ id }) => String(id))
    .concat(note.id, platform.id, apiKeyId, String(tenant!['id']));
  const people = { membershipIds: await membershipsOf(ada), ...(await inviteToRole(ada)) };
  victim = {
    ids,
    tenantId: String(tenant!['id']),
    ...people,
    secrets: [
      ...ids,
      ...people.membershipIds,
      people.roleId,
      people.invitationId,
      'a-role-of-theirs',
      'invited-by-them@',
      'a secret of acme',
      'a platform of theirs 4e0b',
      'a key of theirs 5b2e',
      SECRET_TEMPLATE,
      platform.artifact.sha256,
      'acme',
      ...members.map(({ email }) => String(email)),
    ],
  };
});
afterAll(() => stack.close());

/** One of the first tenant's own, with a file that says hello. */
async function uploadTemplate({ accessToken }: Session): Promise<void> {
  const manifest = uploadedManifest.parse({
    name: SECRET_TEMPLATE,
    title: 'Theirs',
    description: 'Of the first tenant alone.',
    parameters: { type: 'object' },
  });
  const files = [{ path: 'hello.txt', bytes: Buffer.from('hello'), executable: false }];
  const { status } = await fetch(`${stack.url}/platformforge/templates`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/gzip' },
    body: Buffer.from(await packTemplateArchive(templateContent(manifest, files))),
  });
  expect(status).toBe(201);
}

async function madeApiKey(session: Session): Promise<string> {
  const { body } = await session.query(
    'mutation { createApiKey(input: { name: "a key of theirs 5b2e", scopes: ["starter:notes:read"] }) { apiKey { id } } }',
  );
  return (body.data!['createApiKey'] as { apiKey: { id: string } }).apiKey.id;
}

async function membershipsOf(session: Session): Promise<readonly string[]> {
  const { body } = await session.query('{ viewer { tenant { members { nodes { id } } } } }');
  const { tenant } = body.data!['viewer'] as { tenant: { members: { nodes: { id: string }[] } } };
  return tenant.members.nodes.map(({ id }) => id);
}

/** A role of the tenant's own, and somebody who is invited. */
async function inviteToRole(session: Session) {
  const { body } = await session.query(`mutation {
    createRole(input: { name: "a-role-of-theirs", permissions: [] }) { role { id } }
    inviteMember(input: { email: "invited-by-them@acme.test", roles: ["viewer"] }) { accepted }
  }`);
  const { role } = body.data!['createRole'] as { role: { id: string } };
  const seen = await session.query('{ viewer { tenant { invitations { nodes { id } } } } }');
  const { tenant } = seen.body.data!['viewer'] as { tenant: { invitations: { nodes: { id: string }[] } } };
  return { roleId: role.id, invitationId: tenant.invitations.nodes[0]!.id };
}

async function generatedPlatform(session: Session) {
  const { body } = await session.query(
    `mutation { generatePlatform(input: { name: "a platform of theirs 4e0b", template: "${SECRET_TEMPLATE}" }) { id } }`,
  );
  const { id } = body.data!['generatePlatform'] as { id: string };
  let artifact: { readonly sha256: string } | null = null;
  await until('the platform is generated', async () => {
    const seen = await session.query(`{ platform(id: "${id}") { artifact { sha256 } } }`);
    ({ artifact } = seen.body.data!['platform'] as { artifact: typeof artifact });
    return artifact !== null;
  });
  return { id, artifact: artifact as unknown as { readonly sha256: string } };
}

/** Every field below `type`, once for each path of types; `seen` collects what was asked for. */
function selectionOf(type: GraphQLObjectType, depth: number, seen: Set<string>): string {
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type);
    const call = `${field.name}${argumentsOf(field)}`;
    if (!isCompositeType(named)) {
      seen.add(`${type.name}.${field.name}`);
      return [call];
    }
    if (!isObjectType(named) || depth === 0) return [];
    const selection = selectionOf(named, depth - 1, seen);
    if (!selection) return [];
    seen.add(`${type.name}.${field.name}`);
    return [`${call} { ${selection} }`];
  });
  return fields.join(' ');
}

function argumentsOf(field: GraphQLField<unknown, unknown>): string {
  const required = field.args.filter(isRequiredArgument);
  if (required.length)
    throw new Error(
      `${field.name} needs the arguments ${required.map(({ name }) => name).join(', ')}: teach this test.`,
    );
  return field.args.some(({ name }) => name === 'first') ? '(first: 10)' : '';
}

const operations = (seen: Set<string>): string[] =>
  operationsOn([schema.getQueryType()!, schema.getMutationType()!], ARGUMENTS, seen);

const subscriptions = (seen: Set<string>): string[] =>
  operationsOn([schema.getSubscriptionType()!], SUBSCRIPTIONS, seen);

function operationsOn(roots: readonly GraphQLObjectType[], known: typeof ARGUMENTS, seen: Set<string>): string[] {
  return roots.flatMap((root) =>
    Object.values(root.getFields()).flatMap((field) => {
      const named = getNamedType(field.type);
      const rows = known[`${root.name}.${field.name}`];
      if (!rows) throw new Error(`${root.name}.${field.name} has no row here: say how a stranger would ask it.`);
      seen.add(`${root.name}.${field.name}`);
      const selection = isObjectType(named) ? `{ ${selectionOf(named, DEPTH, seen)} }` : '';
      return rows(victim).map((args) => {
        const list = Object.entries(args).map(([name, value]) => `${name}: ${value}`);
        return `${root.name.toLowerCase()} { ${field.name}${list.length ? `(${list.join(', ')})` : ''} ${selection} }`;
      });
    }),
  );
}

const WRITTEN_LATER = 'another secret of acme 91ef';
const MARKER = 'the stranger’s own';
/** A note, and a platform of that name. */
const write = (session: Session, text: string) =>
  session.query(`mutation {
    createNote(input: { text: ${JSON.stringify(text)} }) { id }
    generatePlatform(input: { name: ${JSON.stringify(text)}, template: "static-site" }) { id }
  }`);

/** What an event stream has shown so far. */
class Heard {
  text = '';

  constructor(response: Response) {
    void (async () => {
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) this.text += chunk;
    })().catch(() => undefined); // the stack is stopped under it
  }
}

const subscribe = (session: Session, query: string): Promise<Response> =>
  fetch(`${stack.url}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${session.accessToken}`,
    },
    body: JSON.stringify({ query }),
  });

describe("With another tenant's token", () => {
  it('every field of the supergraph is asked, and none shows anything of the first tenant', async () => {
    const seen = new Set<string>();
    subscriptions(seen); // which are asked below
    for (const operation of operations(seen)) {
      const { text, status } = await gus.query(operation);
      expect(status).toBeLessThan(500);
      expect(text).not.toContain('"INTERNAL"');
      for (const secret of victim.secrets) {
        // What the attacker sent may come back in no answer either: an echo would tell that it exists.
        if (text.includes(secret)) throw new Error(`"${secret}" is in the answer to ${operation}:\n${text}`);
      }
    }
    const everyField = Object.values(schema.getTypeMap())
      .filter((type) => isObjectType(type) && !type.name.startsWith('__'))
      .flatMap((type) => Object.keys((type as GraphQLObjectType).getFields()).map((field) => `${type.name}.${field}`));
    expect(everyField.filter((field) => !seen.has(field))).toEqual([]);
  });

  it("would notice: the same questions with the first tenant's own token do show it", async () => {
    const answers = await Promise.all(operations(new Set()).map((operation) => ada.query(operation)));
    const text = answers.map((answer) => answer.text).join('\n');
    expect(victim.secrets.filter((secret) => !text.includes(secret))).toEqual([]);
  });
});

describe("A subscription with another tenant's token", () => {
  it('hears nothing of the first tenant, whatever it asks for, and its own in the same moment', async () => {
    const listening = async (session: Session): Promise<Heard[]> =>
      Promise.all(
        subscriptions(new Set()).map(async (operation) => {
          const response = await subscribe(session, operation);
          expect([operation, response.status]).toEqual([operation, 200]);
          return new Heard(response);
        }),
      );
    const [strangers, own] = await Promise.all([listening(gus), listening(ada)]);
    const hearing = (all: readonly Heard[], text: string) => all.filter((heard) => heard.text.includes(text)).length;
    await write(ada, WRITTEN_LATER);
    await until('the first tenant heard of its own note and platform', () => hearing(own, WRITTEN_LATER) >= 2);
    await write(gus, MARKER);
    await until('the stranger heard of their own', () => hearing(strangers, MARKER) >= 2);
    for (const { text } of strangers)
      for (const secret of [...victim.secrets, WRITTEN_LATER]) expect(text).not.toContain(secret);
  });
});

/** They answer, and always the same: no answer tells whether there is such a session or account. */
const SAME_TO_ANYBODY = new Set(['signOut', 'register', 'requestPasswordReset']);

describe('Without a token', () => {
  it('no field answers but those of signing in', async () => {
    for (const operation of operations(new Set())) {
      const { body, status } = await stack.query(operation);
      expect(status).toBe(200);
      const [field, value] = Object.entries(body.data!)[0]!;
      if (SAME_TO_ANYBODY.has(field)) continue;
      expect({ field, value }).toEqual({ field, value: null });
      expect(body.errors![0]!.extensions['code']).toBe('UNAUTHENTICATED');
    }
  });
});
