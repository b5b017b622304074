import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accessTokenClaims, type RequestContext } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import jwt from 'jsonwebtoken';
import { feedPosition, makePerson, revokedSince, type Person } from '../../testing/make-person.js';
import {
  contextOfToken,
  DEMO_PASSWORD,
  openTestIdentity,
  type TestIdentity,
} from '../../testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const SWITCH = `mutation ($input: SwitchTenantInput!) {
  switchTenant(input: $input) { accessToken refreshToken tokenType expiresIn } }`;
const END = 'mutation ($input: EndSessionInput!) { endSession(input: $input) { ended } }';
const EVERYWHERE = 'mutation ($input: SignOutEverywhereInput!) { signOutEverywhere(input: $input) { ended } }';
const SESSIONS = '{ viewer { sessions(first: 100) { nodes { id tenantSlug device address isCurrent signedInAt } } } }';

const switchTo = (tenant: string, as: RequestContext) => test.ask(SWITCH, as, { input: { tenant } });
const claimsOf = (token: string) => accessTokenClaims.parse(jwt.decode(token));
const listed = async (as: RequestContext) => (await test.ask(SESSIONS, as)).data.viewer.sessions.nodes;
const login = async (username: string, tenant?: string) =>
  (await test.post('/auth/login', { username, password: DEMO_PASSWORD, ...(tenant && { tenant }) })).body;

/** Somebody of both tenants, with the demo's password. */
async function ofBoth(name: string): Promise<Person> {
  const person = await makePerson(test, { name });
  await test.rows(`insert into memberships (tenant_id, id, user_id, roles) values ($1, $2, $3, '{viewer}')`, [
    await test.tenantId('globex'),
    newId(),
    person.userId,
  ]);
  await test.rows(
    `insert into credentials (user_id, password_hash)
     select $1, password_hash from credentials where user_id = (select id from users where username = 'bob')`,
    [person.userId],
  );
  return person;
}

describe('Switching to another tenant', () => {
  it('leaves nothing behind when everything is signed out meanwhile', async () => {
    const fleeing = await ofBoth('fleeing');
    for (let round = 0; round < 4; round += 1) {
      const thief = contextOfToken((await login('fleeing', 'acme')).accessToken);
      const owner = contextOfToken((await login('fleeing', 'acme')).accessToken);
      const switching = Array.from({ length: 8 }, () => switchTo(round % 2 ? 'acme' : 'globex', thief));
      expect((await test.ask(EVERYWHERE, owner, { input: {} })).errors).toBeUndefined();
      await Promise.all(switching);
      const live = await test.rows(
        'select id from sessions where user_id = $1 and ended_at is null and expires_at > stack_now()',
        [fleeing.userId],
      );
      expect(live).toEqual([]);
    }
  });

  it('ends the oldest of more than a hundred sessions', async () => {
    const restless = await ofBoth('restless');
    const first = await login('restless', 'acme');
    await test.rows(
      `insert into sessions (id, tenant_id, user_id, amr, expires_at)
       select gen_random_uuid(), s.tenant_id, s.user_id, s.amr, s.expires_at from sessions s, generate_series(1, 99)
       where s.user_id = $1`,
      [restless.userId],
    );
    const before = await feedPosition(test);
    await switchTo('globex', contextOfToken(first.accessToken));
    const [counted] = await test.rows<{ live: number }>(
      'select count(*)::int as live from sessions where user_id = $1 and ended_at is null',
      [restless.userId],
    );
    expect(counted!.live).toBe(100);
    expect(await revokedSince(test, before)).toHaveLength(1);
  });

  it('opens a session of its own there, signed in as long ago and in the same way, and leaves the one at hand', async () => {
    const eve = await ofBoth('eve');
    const first = await login('eve', 'acme');
    await test.advance('3 minutes');
    const { switchTenant: tokens } = (await switchTo('globex', contextOfToken(first.accessToken))).data;
    expect(tokens).toMatchObject({ tokenType: 'Bearer', expiresIn: 900, refreshToken: expect.any(String) });
    const [from, to] = [claimsOf(first.accessToken), claimsOf(tokens.accessToken)];
    expect(to).toMatchObject({
      sub: eve.userId,
      tid: await test.tenantId('globex'),
      roles: ['viewer'],
      amr: from.amr,
      auth_time: from.auth_time,
    });
    expect(to.sid).not.toBe(from.sid);
    for (const refreshToken of [tokens.refreshToken, first.refreshToken])
      expect((await test.post('/auth/refresh', { refreshToken })).status).toBe(200);
    expect((await test.audit(await test.tenantId('globex'))).at(-1)).toMatchObject({
      action: 'identity.switch-tenant',
      outcome: 'success',
      actor: { id: eve.userId },
      subject: { type: 'Session', id: to.sid },
    });
  });

  it('prolongs and widens nothing: the scopes and the end are those of the session one comes from', async () => {
    const eve = await ofBoth('narrow');
    const brief = await eve.context('acme');
    await test.rows(`update sessions set scopes = '{starter:notes:read}' where id = $1`, [brief.sessionId]);
    const { switchTenant: tokens } = (await switchTo('globex', brief)).data;
    expect(claimsOf(tokens.accessToken).scope).toBe('starter:notes:read');
    await test.advance('15 minutes');
    expect((await test.post('/auth/refresh', { refreshToken: tokens.refreshToken })).status).toBe(401);
  });

  it('is one answer for a tenant of others, one that does not exist, one that is suspended, and one they have left', async () => {
    const eve = await ofBoth('nosy');
    const as = await eve.context('acme');
    await test.identity.administration.createTenant({ slug: 'of-others', name: 'Others' });
    const strange = await switchTo('of-others', as);
    expect(strange).toMatchObject({
      data: { switchTenant: null },
      errors: [{ message: 'No such tenant of yours.', extensions: { code: 'NOT_FOUND' } }],
    });
    const answers = [await switchTo('nowhere', as), await switchTo(await test.tenantId('of-others'), as)];
    await test.rows(`update tenants set status = 'suspended' where slug = 'globex'`);
    answers.push(await switchTo('globex', as));
    await test.rows(`update tenants set status = 'active' where slug = 'globex'`);
    await test.rows(`update memberships set status = 'ended' where user_id = $1 and roles = '{viewer}'`, [eve.userId]);
    answers.push(await switchTo('globex', as));
    expect(answers).toEqual(answers.map(() => strange));
  });

  it('needs a session that goes on', async () => {
    const eve = await ofBoth('ended');
    const as = await eve.context('acme');
    await test.rows('update sessions set ended_at = stack_now() where id = $1', [as.sessionId]);
    expect(await switchTo('globex', as)).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });
});

describe("A person's memberships", () => {
  it('are those of every tenant they are in now, and of nobody else', async () => {
    const eve = await ofBoth('everywhere');
    const ask = async (as: RequestContext) =>
      (await test.ask('{ viewer { memberships { nodes { slug roles isCurrent } } } }', as)).data.viewer.memberships
        .nodes;
    expect(await ask(await eve.context('globex'))).toEqual([
      { slug: 'acme', roles: ['member'], isCurrent: false },
      { slug: 'globex', roles: ['viewer'], isCurrent: true },
    ]);
    expect(await ask(await test.as('ada'))).toEqual([{ slug: 'acme', roles: ['owner'], isCurrent: true }]);
    await test.rows(`update memberships set status = 'ended' where id = $1`, [eve.membershipId]);
    expect(await ask(await eve.context())).toEqual([{ slug: 'globex', roles: ['viewer'], isCurrent: true }]);
  });
});

describe("A person's sessions", () => {
  it('are listed to the person with device and address, without those that are over', async () => {
    const eve = await ofBoth('lister');
    await login('lister', 'acme');
    const ended = claimsOf((await login('lister', 'globex')).accessToken);
    await test.rows('update sessions set ended_at = stack_now() where id = $1', [ended.sid]);
    const unused = claimsOf((await login('lister', 'globex')).accessToken);
    await test.rows(`update refresh_tokens set expires_at = stack_now() where session_id = $1`, [unused.sid]);
    const current = contextOfToken((await login('lister', 'globex')).accessToken);
    await test.rows(`update sessions set device = 'Firefox', address = '192.0.2.7' where id = $1`, [current.sessionId]);
    expect(await listed(current)).toEqual([
      expect.objectContaining({ tenantSlug: 'acme', isCurrent: false }),
      expect.objectContaining({
        id: current.sessionId,
        tenantSlug: 'globex',
        device: 'Firefox',
        address: '192.0.2.7',
        isCurrent: true,
        signedInAt: expect.stringMatching(/Z$/),
      }),
    ]);
    expect(await listed(await eve.context('acme'))).toHaveLength(3);
  });

  it('are ended one by one by the person alone, in whichever tenant', async () => {
    await ofBoth('ender');
    const [there, here] = [await login('ender', 'globex'), await login('ender', 'acme')];
    const as = contextOfToken(here.accessToken);
    const id = claimsOf(there.accessToken).sid;
    const position = await feedPosition(test);
    expect(await test.ask(END, await test.as('ada'), { input: { id } })).toMatchObject({
      errors: [{ message: 'No such session.', extensions: { code: 'NOT_FOUND' } }],
    });
    expect(await test.ask(END, as, { input: { id } })).toEqual({ data: { endSession: { ended: true } } });
    expect(await revokedSince(test, position)).toEqual([`session:${id}`]);
    expect((await test.post('/auth/refresh', { refreshToken: there.refreshToken })).status).toBe(401);
    expect((await test.post('/auth/refresh', { refreshToken: here.refreshToken })).status).toBe(200);
    expect((await test.audit(await test.tenantId('globex'))).at(-1)).toMatchObject({ action: 'identity.end-session' });
    expect(await test.ask(END, as, { input: { id } })).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND' } }],
    });
  });

  it('end everywhere at once, with or without the one at hand', async () => {
    const eve = await ofBoth('leaver');
    const [other, here] = [await login('leaver', 'globex'), await login('leaver', 'acme')];
    const as = contextOfToken(here.accessToken);
    expect(await test.ask(EVERYWHERE, as, { input: { keepThis: true } })).toEqual({
      data: { signOutEverywhere: { ended: 1 } },
    });
    expect((await test.post('/auth/refresh', { refreshToken: other.refreshToken })).status).toBe(401);
    expect(await test.ask(EVERYWHERE, as, { input: {} })).toEqual({ data: { signOutEverywhere: { ended: 1 } } });
    expect((await test.post('/auth/refresh', { refreshToken: here.refreshToken })).status).toBe(401);
    expect((await test.audit(await test.tenantId('acme'))).at(-1)).toMatchObject({
      action: 'identity.sign-out-everywhere',
      actor: { id: eve.userId },
    });
  });

  it('end everywhere with the last access token of one that has run out just now', async () => {
    await ofBoth('runner-out');
    const out = claimsOf((await login('runner-out', 'globex')).accessToken).sid;
    const as = contextOfToken((await login('runner-out', 'acme')).accessToken);
    await test.rows('update sessions set expires_at = stack_now() where id = $1', [out]);
    const position = await feedPosition(test);
    await test.ask(EVERYWHERE, as, { input: {} });
    expect(new Set(await revokedSince(test, position))).toEqual(new Set([`session:${out}`, `session:${as.sessionId}`]));
  });

  it('are nobody’s business who acts in the person’s place', async () => {
    const eve = await ofBoth('impersonated');
    const own = await eve.context('acme');
    const actor = await test.userId('root');
    const as = { ...own, caller: { kind: 'member', userId: eve.userId, actor } } as const;
    for (const answer of [
      await switchTo('globex', as),
      await test.ask(END, as, { input: { id: own.sessionId } }),
      await test.ask(EVERYWHERE, as, { input: {} }),
      await test.ask(SESSIONS, as),
    ])
      expect(answer).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  });
});
