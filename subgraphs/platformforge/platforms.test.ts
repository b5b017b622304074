import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { ExecutionResult } from 'graphql';
import pg from 'pg';
import { slugOf } from './domain/platforms/slug.js';
import {
  ALL_FIELDS,
  GENERATE,
  greeting,
  REGENERATE,
  SHOW,
  templateNamed,
  testPlatformForge,
  unpacked,
  type SeenPlatform,
  type TestPlatformForge,
} from './testing/test-platform-forge.js';

let forge: TestPlatformForge;
beforeAll(async () => {
  forge = await testPlatformForge();
  for (const tenant of ['acme', 'globex']) await forge.withTemplate(tenant, greeting);
  await forge.withTemplate('acme', templateNamed('broken', { 'files/x.txt.liquid': '{{ nobody }}' }));
});
afterAll(() => forge.close());

const UNKNOWN = '01a1fdd6-0000-7000-8000-000000000000';
const UPDATE = `mutation ($id: ID!, $name: String, $slug: String, $expiresAt: DateTime) {
  updatePlatform(input: { id: $id, name: $name, slug: $slug, expiresAt: $expiresAt }) { ${ALL_FIELDS} } }`;
const change = (what: 'archive' | 'restore' | 'delete') =>
  `mutation ($id: ID!) { ${what}Platform(input: { id: $id }) { ${ALL_FIELDS} } }`;

/** As ada of acme. */
const ask = (text: string, variables?: Record<string, unknown>): Promise<ExecutionResult> =>
  forge.as({ tenant: 'acme', user: 'ada' }).query(text, variables);
async function answered(text: string, variables?: Record<string, unknown>): Promise<SeenPlatform> {
  const { data, errors } = await ask(text, variables);
  expect(errors).toBeUndefined();
  return Object.values(data!)[0] as SeenPlatform;
}
const refusalOf = ({ data, errors }: ExecutionResult) => ({ data, error: errors?.[0]?.extensions });
const userId = (user: string): string =>
  (forge.as({ tenant: 'acme', user }).context.caller as { readonly userId: string }).userId;
const fetchOf = ({ artifact }: SeenPlatform): Promise<Response> =>
  forge.as({ tenant: 'acme' }).fetch(new URL(artifact!.url).pathname);
/** Everything a refused request must leave as it was, but for what the audit hears of it. */
const everything = () =>
  forge.sql(`select (select count(*) from platformforge.platforms) as platforms,
    (select count(*) from platformforge.generations) as generations, 
      (select count(*) from platformforge.outbox where kind <> 'audit') as records`);
const names = (() => {
  let count = 0;
  return () => `Platform ${(count += 1)}`;
})();

describe('A platform', () => {
  it('is queued when it is asked for, and soon ready with an artifact to fetch', async () => {
    await forge.jobs.stop();
    const asked = await forge.generate('acme', { name: ' First light ', parameters: { whom: 'Ada' } });
    expect(asked).toEqual({
      id: expect.any(String),
      name: 'First light',
      slug: 'first-light',
      template: 'greeting',
      parameters: { whom: 'Ada' },
      status: 'QUEUED',
      failureReason: null,
      artifact: null,
      createdBy: { id: userId('ada') },
      createdAt: expect.any(String),
      updatedAt: asked.createdAt,
      expiresAt: null,
    });
    expect(await forge.quota('acme')).toEqual({ used: 0, held: 1 });
    await forge.jobs.start();
    await forge.settled();
    const ready = await forge.show('acme', asked.id);
    const url = `https://stack.test/platformforge/artifacts/${asked.id}`;
    expect(ready).toEqual({
      ...asked,
      status: 'READY',
      artifact: { url, sizeBytes: expect.any(Number), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      updatedAt: expect.any(String),
      expiresAt: expect.any(String),
    });
    const keptMs = Date.parse(ready.expiresAt!) - Date.parse(ready.updatedAt);
    expect(Math.round(keptMs / 3_600_000)).toBe(30 * 24);
    expect(await unpacked(new Uint8Array(await (await fetchOf(ready)).arrayBuffer()))).toEqual({
      'first-light/hello.json': '{ "name": "First light", "whom": "Ada" }\n',
      'first-light/first-light.txt': 'as it is: {{ nothing }}\n',
    });
    expect(await forge.quota('acme')).toEqual({ used: 1, held: 0 });
  });

  it('is renamed, gets another slug, and is kept for longer or shorter; what is not said stays', async () => {
    const made = await forge.generated('acme', { name: names() });
    const renamed = await answered(UPDATE, { id: made.id, name: 'A better name' });
    expect(renamed).toEqual({ ...made, name: 'A better name', updatedAt: expect.any(String) });
    expect(renamed.updatedAt > made.updatedAt).toBe(true);
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const moved = await answered(UPDATE, { id: made.id, slug: 'better', expiresAt });
    expect(moved).toEqual({ ...renamed, slug: 'better', expiresAt, updatedAt: expect.any(String) });
    expect(await answered(UPDATE, { id: made.id })).toEqual(moved);
    expect(await forge.show('acme', made.id)).toEqual(moved);
  });

  it('is put away and brought back as it was, with its artifact', async () => {
    const made = await forge.generated('acme', { name: names() });
    const archived = await answered(change('archive'), { id: made.id });
    expect(archived).toEqual({ ...made, status: 'ARCHIVED', updatedAt: expect.any(String) });
    expect((await fetchOf(archived)).status).toBe(200);
    for (const text of [change('archive'), REGENERATE])
      expect(refusalOf(await ask(text, { id: made.id })).error).toEqual({ code: 'CONFLICT', field: 'input.id' });
    expect(await answered(change('restore'), { id: made.id })).toEqual({ ...made, updatedAt: expect.any(String) });
    expect(refusalOf(await ask(change('restore'), { id: made.id }))).toEqual({
      data: { restorePlatform: null },
      error: { code: 'CONFLICT', field: 'input.id' },
    });
  });

  it('that has nothing to fetch any more comes back as what it was: failed, or expired', async () => {
    const failed = await forge.generated('acme', { name: names(), template: 'broken' });
    const expired = await forge.generated('acme', { name: names() });
    await forge.sql(
      `update platformforge.platforms set status = 'EXPIRED', artifact_id = null, artifact_bytes = null,
       artifact_sha256 = null, artifact_deployment = null, expires_at = null where id = $1`,
      [expired.id],
    );
    for (const [id, status] of [
      [failed.id, 'FAILED'],
      [expired.id, 'EXPIRED'],
    ] as const) {
      expect(await answered(change('archive'), { id })).toMatchObject({ status: 'ARCHIVED' });
      expect(await answered(change('restore'), { id })).toMatchObject({ status });
    }
  });

  it('that could not be generated again comes back as failed, and keeps the artifact there was', async () => {
    const made = await forge.generated('acme', { name: names(), parameters: { whom: 'Ada' } });
    await forge.jobs.stop();
    await answered(REGENERATE, { id: made.id, parameters: { whom: 'Grace' } });
    const ada = forge.as({ tenant: 'acme', user: 'ada' });
    await ada.query('mutation { deletePlatformTemplate(input: { name: "greeting" }) { name } }');
    await forge.jobs.start();
    await forge.settled();
    await forge.withTemplate('acme', greeting);
    const failed = await forge.show('acme', made.id);
    expect(failed).toMatchObject({
      status: 'FAILED',
      failureReason: 'The template "greeting" is not there any more.',
      parameters: { whom: 'Grace' },
      artifact: made.artifact,
    });
    await answered(change('archive'), { id: made.id });
    expect(await answered(change('restore'), { id: made.id })).toEqual({ ...failed, updatedAt: expect.any(String) });
  });

  it('is gone with its artifact when it is deleted, and its quota stays used', async () => {
    const made = await forge.generated('acme', { name: names() });
    const before = await forge.quota('acme');
    expect(await answered(change('delete'), { id: made.id })).toEqual(made);
    await forge.settled();
    expect((await fetchOf(made)).status).toBe(404);
    expect(refusalOf(await ask(SHOW, { id: made.id }))).toEqual({
      data: { platform: null },
      error: { code: 'NOT_FOUND' },
    });
    expect((await forge.sql('select from platformforge.platforms where id = $1', [made.id])).length).toBe(0);
    expect(await forge.quota('acme')).toEqual(before);
  });

  it('is generated again with other parameters, and keeps its artifact until the new one is there', async () => {
    const first = await forge.generated('acme', { name: names(), parameters: { whom: 'Ada' } });
    const files = await forge.keysOf('acme');
    await forge.jobs.stop();
    const again = await answered(REGENERATE, { id: first.id, parameters: { whom: 'Grace' } });
    expect(again).toEqual({ ...first, status: 'QUEUED', parameters: { whom: 'Grace' }, updatedAt: expect.any(String) });
    const old = await fetchOf(again);
    expect(old.headers.get('etag')).toBe(`"${first.artifact!.sha256}"`);
    await old.body!.cancel();
    for (const text of [REGENERATE, change('archive')])
      expect(refusalOf(await ask(text, { id: first.id })).error).toEqual({ code: 'CONFLICT', field: 'input.id' });
    await forge.jobs.start();
    await forge.settled();
    const second = await forge.show('acme', first.id);
    expect(second).toMatchObject({ status: 'READY', parameters: { whom: 'Grace' } });
    expect(second.artifact!.sha256).not.toBe(first.artifact!.sha256);
    expect((await fetchOf(second)).headers.get('etag')).toBe(`"${second.artifact!.sha256}"`);
    const kept = await forge.keysOf('acme');
    expect(kept).toHaveLength(files.length);
    expect(kept).not.toEqual(files);
  });

  it('is generated again as it is where nothing is said: the same bytes', async () => {
    const first = await forge.generated('acme', { name: names(), parameters: { whom: 'Ada' } });
    await answered(REGENERATE, { id: first.id });
    await forge.settled();
    expect((await forge.show('acme', first.id)).artifact).toEqual(first.artifact);
  });

  it.each([
    ['Shop & Café', 'shop-and-cafe'],
    ['MyShop 2', 'my-shop-2'],
    ['a'.repeat(100), 'a'.repeat(60)],
    [`${'a'.repeat(59)} b`, 'a'.repeat(59)],
    ['../../etc/passwd', 'etc-passwd'],
  ])('named %j has the slug %s', (name, slug) => {
    expect(slugOf(name, UNKNOWN)).toBe(slug);
  });

  it('whose name no machine could say has a slug of its id', () => {
    expect(slugOf('…', '01a1fdd6-0000-7000-8000-0000deadbeef')).toBe('platform-deadbeef');
  });

  it('has a slug the database takes, whatever its name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 100 }), (name) => {
        expect(slugOf(name, UNKNOWN)).toMatch(/^(?=.{1,60}$)[a-z0-9]+(-[a-z0-9]+)*$/);
      }),
    );
  });
});

describe('What nobody can generate', () => {
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

  it.each([
    ['a name of no characters', { name: '' }, 'input.name'],
    ['a name of white space', { name: ' \n' }, 'input.name'],
    ['a name of 300 characters', { name: 'x'.repeat(300) }, 'input.name'],
    ['a name with a NUL character', { name: 'a\0b' }, 'input.name'],
    ['a name with half a surrogate pair', { name: 'a\ud800' }, 'input.name'],
    ['a name of two lines', { name: 'a\nb' }, 'input.name'],
    ['a name that turns its direction', { name: 'a\u202eb' }, 'input.name'],
    ['a name that nobody sees', { name: '\u200b' }, 'input.name'],
    ['an unknown template', { template: 'nobody-knows' }, 'input.template'],
    ['a template named with a NUL character', { template: 'gree\0ting' }, 'input.template'],
    ['a template named by a path', { template: '../greeting' }, 'input.template'],
    ['a parameter out of bounds', { parameters: { port: 0 } }, 'input.parameters.port'],
    ['a parameter of another type', { parameters: { port: '8080' } }, 'input.parameters.port'],
    ['a parameter nobody asked for', { parameters: { nobody: 1 } }, 'input.parameters.nobody'],
    ['a text too long', { parameters: { whom: 'x'.repeat(1_001) } }, 'input.parameters.whom'],
    ['parameters that are a list', { parameters: [1] }, 'input.parameters'],
    ['parameters that are a text', { parameters: 'whom' }, 'input.parameters'],
    ['parameters of a megabyte', { parameters: { whom: 'x'.repeat(1_000_000) } }, 'input.parameters.whom'],
    ['parameters nested 5,000 deep', { parameters: { whom: nested(5_000) } }, 'input.parameters.whom'],
    ['parameters that are nothing but nested', { parameters: nested(5_000) }, 'input.parameters'],
    ['a parameter that objects have', { parameters: JSON.parse('{"__proto__":{}}') }, 'input.parameters.__proto__'],
  ])('%s: BAD_USER_INPUT naming the field, and nothing is written or reserved', async (_what, bad, field) => {
    const before = [await everything(), await forge.quota('acme')];
    const answer = await ask(GENERATE, { name: names(), template: 'greeting', ...bad });
    expect(refusalOf(answer)).toEqual({ data: { generatePlatform: null }, error: { code: 'BAD_USER_INPUT', field } });
    expect(answer.errors![0]!.message).not.toBe('');
    expect([await everything(), await forge.quota('acme')]).toEqual(before);
  });

  it('a name whose slug is taken: CONFLICT naming the field, and nothing is written or reserved', async () => {
    const { name } = await forge.generated('acme', { name: names() });
    const before = [await everything(), await forge.quota('acme')];
    const answer = await ask(GENERATE, { name: `  ${name.toUpperCase()}!`, template: 'greeting' });
    expect(refusalOf(answer)).toEqual({
      data: { generatePlatform: null },
      error: { code: 'CONFLICT', field: 'input.name' },
    });
    expect([await everything(), await forge.quota('acme')]).toEqual(before);
  });

  it('the same name twice at once: one is generated, the other is a CONFLICT and gives its quota back', async () => {
    const tenant = 'racing';
    await forge.withTemplate(tenant, greeting);
    const racer = forge.as({ tenant, user: 'ada' });
    const answers = await Promise.all(
      [1, 2].map(() => racer.query(GENERATE, { name: 'One and only', template: 'greeting' })),
    );
    const codes = answers.map(({ errors }) => errors?.[0]?.extensions['code']);
    expect(codes.toSorted()).toEqual(['CONFLICT', undefined]);
    await forge.settled();
    expect(await forge.quota(tenant)).toEqual({ used: 1, held: 0 });
    expect(await forge.keysOf(tenant)).toHaveLength(2); // the template, and one artifact
  });

  it('one too many: QUOTA_EXCEEDED with limit and time, and nothing is written, reserved or enqueued', async () => {
    const tenant = 'full';
    await forge.withTemplate(tenant, greeting);
    const made = await forge.generated(tenant, { name: names() });
    const { id: tenantId } = forge.as({ tenant }).context.tenant!;
    const reserved = { tenantId, feature: 'platformforge.platforms', amount: 199, idempotencyKey: 'all the rest' };
    expect(await forge.entitlements.reserve(reserved)).toMatchObject({ kind: 'reserved' });
    const before = await everything();
    const nextMonth = new Date();
    nextMonth.setUTCMonth(nextMonth.getUTCMonth() + 1, 1);
    nextMonth.setUTCHours(0, 0, 0, 0);
    const exceeded = {
      code: 'QUOTA_EXCEEDED',
      feature: 'platformforge.platforms',
      limit: 200,
      resetsAt: nextMonth.toISOString(),
    };
    const ada = forge.as({ tenant, user: 'ada' });
    expect(refusalOf(await ada.query(GENERATE, { name: names(), template: 'greeting' }))).toEqual({
      data: { generatePlatform: null },
      error: exceeded,
    });
    expect(refusalOf(await ada.query(REGENERATE, { id: made.id }))).toEqual({
      data: { regeneratePlatform: null },
      error: exceeded,
    });
    expect(await everything()).toEqual(before);
    expect(await forge.show(tenant, made.id)).toEqual(made);
    expect(await forge.quota(tenant)).toEqual({ used: 1, held: 199 });
  });
});

describe('A change that cannot be', () => {
  let made: SeenPlatform;
  let other: SeenPlatform;
  beforeAll(async () => {
    made = await forge.generated('acme', { name: names() });
    other = await forge.generated('acme', { name: names() });
  });
  const inYears = (years: number): string => new Date(Date.now() + years * 365.25 * 86_400_000).toISOString();

  it.each([
    ['a name of no characters', () => ({ name: '' }), 'BAD_USER_INPUT', 'input.name'],
    ['a name of 300 characters', () => ({ name: 'x'.repeat(300) }), 'BAD_USER_INPUT', 'input.name'],
    ['a name of two lines', () => ({ name: 'a\nb' }), 'BAD_USER_INPUT', 'input.name'],
    ['a slug with capitals', () => ({ slug: 'Shop' }), 'BAD_USER_INPUT', 'input.slug'],
    ['a slug of 61 characters', () => ({ slug: 'x'.repeat(61) }), 'BAD_USER_INPUT', 'input.slug'],
    ['a slug of no characters', () => ({ slug: '' }), 'BAD_USER_INPUT', 'input.slug'],
    ['a slug that climbs', () => ({ slug: '../x' }), 'BAD_USER_INPUT', 'input.slug'],
    ['the slug of another', () => ({ slug: other.slug }), 'CONFLICT', 'input.slug'],
    ['a time in the past', () => ({ expiresAt: inYears(-1) }), 'BAD_USER_INPUT', 'input.expiresAt'],
    ['a time in eleven years', () => ({ expiresAt: inYears(11) }), 'BAD_USER_INPUT', 'input.expiresAt'],
  ])('is %s', async (_what, bad, code, field) => {
    const answer = await ask(UPDATE, { id: made.id, ...bad() });
    expect(refusalOf(answer)).toEqual({ data: { updatePlatform: null }, error: { code, field } });
    expect(await forge.show('acme', made.id)).toEqual(made);
  });

  it.each(['tomorrow', '2026-13-45T00:00:00Z', ''])('is the time %j, which is none', async (expiresAt) => {
    const { data, errors } = await ask(UPDATE, { id: made.id, expiresAt });
    expect(data).toBeUndefined();
    expect(errors![0]!.extensions).toEqual({ code: 'BAD_USER_INPUT' });
  });

  it('is to keep an artifact there is none of', async () => {
    const failed = await forge.generated('acme', { name: names(), template: 'broken' });
    expect(refusalOf(await ask(UPDATE, { id: failed.id, expiresAt: inYears(1) })).error).toEqual({
      code: 'CONFLICT',
      field: 'input.expiresAt',
    });
  });

  it('is to generate again with parameters that do not fit, or from a template that is gone', async () => {
    expect(refusalOf(await ask(REGENERATE, { id: made.id, parameters: { port: 70_000 } })).error).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'input.parameters.port',
    });
    await forge.sql(`update platformforge.platforms set template = 'gone' where id = $1`, [other.id]);
    expect(refusalOf(await ask(REGENERATE, { id: other.id }))).toEqual({
      data: { regeneratePlatform: null },
      error: { code: 'CONFLICT', field: 'input.id' },
    });
    expect((await forge.quota('acme')).held).toBe(0);
  });

  it('is one of two at the same moment: one platform is generated again once', async () => {
    const before = await forge.quota('acme');
    const answers = await Promise.all([1, 2, 3].map(() => ask(REGENERATE, { id: made.id })));
    expect(answers.map(({ errors }) => errors?.[0]?.extensions['code'] ?? 'done').toSorted()).toEqual([
      'CONFLICT',
      'CONFLICT',
      'done',
    ]);
    await forge.settled();
    expect(await forge.quota('acme')).toEqual({ used: before.used + 1, held: 0 });
  });
});

describe('A platform of another tenant', () => {
  it('answers exactly like an unknown one, in every query and mutation', async () => {
    const { id } = await forge.generated('acme', { name: names() });
    const before = await forge.show('acme', id);
    const gus = forge.as({ tenant: 'globex', user: 'gus' });
    const reference = `query ($id: ID!) { _entities(representations: [{ __typename: "Platform", id: $id }]) { ... on Platform { name } } }`;
    for (const text of [SHOW, REGENERATE, UPDATE, change('archive'), change('restore'), change('delete'), reference]) {
      const variables = text === UPDATE ? { name: 'mine now', slug: 'mine-now' } : {};
      const [another, unknown, malformed] = await Promise.all(
        [id, UNKNOWN, "x' or true --"].map((asked) => gus.query(text, { ...variables, id: asked })),
      );
      expect(JSON.stringify(another)).toBe(JSON.stringify(unknown));
      expect(JSON.stringify(malformed)).toBe(JSON.stringify(unknown));
      if (text === reference) expect(unknown).toEqual({ data: { _entities: [null] } });
      else
        expect(unknown!.errors![0]).toMatchObject({ message: 'No such platform.', extensions: { code: 'NOT_FOUND' } });
    }
    expect(await forge.show('acme', id)).toEqual(before);
    expect(await forge.quota('globex')).toEqual({ used: 0, held: 0 });
  });

  it('may have the same name and slug, and then has the same bytes', async () => {
    const [ours, theirs] = [
      await forge.generated('acme', { name: 'Twins', parameters: { whom: 'both' } }),
      await forge.generated('globex', { name: 'Twins', parameters: { whom: 'both' } }),
    ];
    expect(theirs).toMatchObject({ slug: ours.slug, artifact: { sha256: ours.artifact!.sha256 } });
    const tenant = { __typename: 'Tenant', id: forge.as({ tenant: 'acme' }).context.tenant!.id };
    expect(
      await forge
        .as({ tenant: 'globex' })
        .query(
          'query ($t: _Any!) { _entities(representations: [$t]) { ... on Tenant { platforms { nodes { id } } } } }',
          {
            t: tenant,
          },
        ),
    ).toEqual({ data: { _entities: [{ platforms: { nodes: [] } }] } });
  });
});

describe('Who may', () => {
  it('see platforms has the permission to read, and change them the one to write', async () => {
    const made = await forge.generated('acme', { name: names() });
    const reading = ['{ platforms { nodes { id } } }', SHOW];
    const writing = [GENERATE, REGENERATE, UPDATE, change('archive'), change('restore'), change('delete')];
    const templates = ['{ platformTemplates { name } }'];
    const variables = { id: made.id, name: 'No', template: 'greeting' };
    const codesOf = async (may: readonly string[], texts: readonly string[]) => {
      const caller = forge.as({ tenant: 'acme', may });
      const answers = await Promise.all(texts.map((text) => caller.query(text, variables)));
      return answers.map(({ errors }) => errors?.[0]?.extensions['code']);
    };
    const all = [...reading, ...writing, ...templates];
    expect(await codesOf([], all)).toEqual(all.map(() => 'FORBIDDEN'));
    expect(await codesOf(['platformforge:platforms:read'], reading)).toEqual(reading.map(() => undefined));
    expect(await codesOf(['platformforge:platforms:read', 'platformforge:templates:read'], writing)).toEqual(
      writing.map(() => 'FORBIDDEN'),
    );
    expect(await codesOf(['platformforge:templates:read'], templates)).toEqual([undefined]);
    const entity = `{ _entities(representations: [{ __typename: "Platform", id: "${made.id}" }]) { ... on Platform { name } } }`;
    expect(await codesOf(['platformforge:templates:read'], [entity])).toEqual(['FORBIDDEN']);
    expect(await forge.show('acme', made.id)).toEqual(made);
  });

  it('do none of it is whoever is not signed in', async () => {
    for (const text of [GENERATE, SHOW, change('delete')]) {
      const { errors } = await forge.anonymous().query(text, { id: UNKNOWN, name: names(), template: 'greeting' });
      expect(errors![0]!.extensions).toEqual({ code: 'UNAUTHENTICATED' });
    }
  });
});

describe("A tenant's list of platforms", () => {
  const tenant = 'listed';
  const PAGE = `query ($filter: PlatformFilter, $first: Int, $after: String) { platforms(filter: $filter, first: $first, after: $after) {
    nodes { id name status createdBy { id } } pageInfo { hasNextPage endCursor } } }`;
  const made: SeenPlatform[] = [];
  const list = async (variables: Record<string, unknown> = {}) => {
    const { data, errors } = await forge.as({ tenant, user: 'ada' }).query(PAGE, variables);
    expect(errors).toBeUndefined();
    return (data as { platforms: { nodes: { name: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string } } })
      .platforms;
  };
  const listed = async (filter: Record<string, unknown>) => (await list({ filter })).nodes.map(({ name }) => name);

  beforeAll(async () => {
    await forge.withTemplate(tenant, greeting);
    for (const name of ['Alpha', 'Beta', '100% sure', 'Under_score', 'Gamma'])
      made.unshift(await forge.generate(tenant, { name }));
    await forge.settled();
    await forge.as({ tenant }).query(change('archive'), { id: made.find(({ name }) => name === 'Gamma')!.id });
  });

  it('has the newest first, without the archived ones, and pages to its end', async () => {
    expect(await listed({})).toEqual(['Under_score', '100% sure', 'Beta', 'Alpha']);
    const first = await list({ first: 3 });
    expect(first.nodes.map(({ name }) => name)).toEqual(['Under_score', '100% sure', 'Beta']);
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = await list({ first: 3, after: first.pageInfo.endCursor });
    expect(second.nodes.map(({ name }) => name)).toEqual(['Alpha']);
    expect(second.pageInfo.hasNextPage).toBe(false);
  });

  it.each([
    [
      'of any of these states',
      { status: ['READY', 'ARCHIVED'] },
      ['Gamma', 'Under_score', '100% sure', 'Beta', 'Alpha'],
    ],
    ['the archived ones when asked for', { status: ['ARCHIVED'] }, ['Gamma']],
    ['of no state', { status: [] }, []],
    ['of a template', { template: 'greeting', nameContains: 'alph' }, ['Alpha']],
    ['of a template nobody has', { template: 'nobody-knows' }, []],
    ['with a text in the name, in any case', { nameContains: 'BET' }, ['Beta']],
    ['with a per cent sign in the name', { nameContains: '%' }, ['100% sure']],
    ['with an underscore in the name', { nameContains: 'r_s' }, ['Under_score']],
    ['with a backslash in the name', { nameContains: '\\' }, []],
    ['of a user nobody knows', { createdBy: UNKNOWN }, []],
    ['of a user whose id is none', { createdBy: "x' or true --" }, []],
  ])('has those %s', async (_what, filter, expected) => {
    expect(await listed(filter)).toEqual(expected);
  });

  it('has those somebody asked for', async () => {
    expect(await listed({ createdBy: userId('ada'), nameContains: 'a' })).toEqual(['Beta', 'Alpha']);
    expect(await listed({ createdBy: userId('gus') })).toEqual([]);
  });

  it.each([
    [{ first: 0 }, 'first'],
    [{ first: -1 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ after: 'not a cursor' }, 'after'],
    [{ filter: { nameContains: '' } }, 'filter.nameContains'],
    [{ filter: { nameContains: 'x'.repeat(101) } }, 'filter.nameContains'],
    [{ filter: { nameContains: 'a\0' } }, 'filter.nameContains'],
    [{ filter: { template: 'a\0' } }, 'filter.template'],
  ])('refuses %j', async (variables, field) => {
    const answer = await forge.as({ tenant }).query(PAGE, variables);
    expect(refusalOf(answer)).toEqual({ data: { platforms: null }, error: { code: 'BAD_USER_INPUT', field } });
  });

  it('shows each platform as it is shown alone', async () => {
    const ada = forge.as({ tenant, user: 'ada' });
    const { data } = await ada.query(
      `{ platforms(filter: { status: [READY, ARCHIVED] }) { nodes { ${ALL_FIELDS} } } }`,
    );
    const { nodes } = (data as { platforms: { nodes: SeenPlatform[] } }).platforms;
    expect(nodes).toEqual(await Promise.all(made.map(({ id }) => forge.show(tenant, id))));
  });

  it('takes one statement for a page of any size, with who asked for each, for any number that others refer to, and for the pages of many users', async () => {
    const statements = async (work: () => Promise<unknown>): Promise<number> => {
      const sent = jest.spyOn(pg.Client.prototype, 'query');
      try {
        await work();
        return sent.mock.calls.filter(([sql]) =>
          /\bfrom "?platforms|"platformforge"\."/i.test((sql as unknown as { text?: string }).text ?? ''),
        ).length;
      } finally {
        sent.mockRestore();
      }
    };
    await forge.jobs.stop();
    expect(await statements(() => list({ first: 1 }))).toBe(1);
    expect(await statements(() => list({ first: 50 }))).toBe(1);
    const references = made.map(({ id }) => ({ __typename: 'Platform', id }));
    const joined =
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Platform { name createdBy { id } } } }';
    expect(await statements(() => forge.as({ tenant }).query(joined, { r: references }))).toBe(1);
    const users = ['ada', 'bob', 'gus', 'nobody'].map((name) => ({ __typename: 'User', id: userId(name) }));
    const theirs = (fields: string) =>
      `query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { ${fields} } } }`;
    const page = 'platforms(first: 2) { nodes { id createdBy { id } } pageInfo { hasNextPage endCursor } }';
    const alike = theirs(page);
    expect(await statements(() => forge.as({ tenant }).query(alike, { r: users }))).toBe(1);
    const other = theirs(`${page} archived: platforms(filter: { status: [ARCHIVED] }) { nodes { id } }`);
    expect(await statements(() => forge.as({ tenant }).query(other, { r: users }))).toBe(2);
    const together = await forge.as({ tenant }).query(alike, { r: [...users, { __typename: 'User', id: 'x' }] });
    const alone = await Promise.all(users.map((user) => forge.as({ tenant }).query(alike, { r: [user] })));
    expect((together.data as { _entities: unknown[] })._entities).toEqual([
      ...alone.map(({ data }) => (data as { _entities: unknown[] })._entities[0]),
      { platforms: { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } } },
    ]);
    await forge.jobs.start();
  });

  it('is joined to the tenant and to its users', async () => {
    const ada = forge.as({ tenant, user: 'ada' });
    const { data } = await ada.query(
      `query ($t: _Any!, $u: _Any!) { _entities(representations: [$t, $u]) {
        ... on Tenant { platforms(first: 2) { nodes { name } } } ... on User { platforms(filter: { status: [ARCHIVED] }) { nodes { name } } } } }`,
      {
        t: { __typename: 'Tenant', id: ada.context.tenant!.id },
        u: { __typename: 'User', id: userId('ada') },
      },
    );
    expect(data).toEqual({
      _entities: [
        { platforms: { nodes: [{ name: 'Under_score' }, { name: '100% sure' }] } },
        { platforms: { nodes: [{ name: 'Gamma' }] } },
      ],
    });
  });
});

describe('A subscription to changed platforms', () => {
  const CHANGED = 'subscription ($id: ID) { platformChanged(id: $id) { id name status } }';
  const nextOf = async (events: AsyncIterableIterator<ExecutionResult>) =>
    ((await events.next()).value as ExecutionResult).data!['platformChanged'] as SeenPlatform | null;

  it('hears a platform from the request to the artifact, and that it is gone', async () => {
    const ada = forge.as({ tenant: 'acme', user: 'ada' });
    const events = await ada.subscribe(CHANGED);
    await forge.jobs.stop();
    const { id, name } = await forge.generate('acme', { name: names() });
    await forge.jobs.start();
    const seen: string[] = [];
    while (seen.at(-1) !== 'READY') seen.push((await nextOf(events))!.status);
    expect(seen[0]).not.toBe('READY');
    await ada.query(UPDATE, { id, name: `${name}, renamed` });
    expect(await nextOf(events)).toEqual({ id, name: `${name}, renamed`, status: 'READY' });
    await ada.query(change('archive'), { id });
    expect(await nextOf(events)).toMatchObject({ id, status: 'ARCHIVED' });
    await ada.query(change('delete'), { id });
    expect(await nextOf(events)).toBeNull();
    await events.return!();
  });

  it('hears the platform it follows and no other, and nothing of another tenant', async () => {
    const followed = await forge.generated('acme', { name: names() });
    const other = await forge.generated('acme', { name: names() });
    const ada = forge.as({ tenant: 'acme', user: 'ada' });
    const one = await ada.subscribe(CHANGED, { id: followed.id });
    const gus = await forge.as({ tenant: 'globex' }).subscribe(CHANGED);
    await ada.query(UPDATE, { id: other.id, name: 'Not this one' });
    await ada.query(UPDATE, { id: followed.id, name: 'This one' });
    expect(await nextOf(one)).toMatchObject({ name: 'This one' });
    const theirs = await forge.generate('globex', { name: names() });
    expect(await nextOf(gus)).toMatchObject({ id: theirs.id });
    await Promise.all([one.return!(), gus.return!()]);
  });

  it('needs the permission to read', async () => {
    const allowed = ['platformforge:templates:read'];
    await expect(forge.as({ tenant: 'acme', may: allowed }).subscribe(CHANGED)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(forge.anonymous().subscribe(CHANGED)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('PlatformForge', () => {
  it('passes the catalogue lint', async () => {
    expect(await forge.lint()).toEqual([]);
  });

  it('shows the anonymous nothing', async () => {
    for (const query of ['{ platforms { nodes { id } } }', '{ platformTemplates { name } }', '{ _service { sdl } }'])
      expect((await forge.anonymous().query(query)).errors![0]!.extensions).toEqual({ code: 'UNAUTHENTICATED' });
  });
});
