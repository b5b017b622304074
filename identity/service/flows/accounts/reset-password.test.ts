import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext, UserId } from '@inevitable/contract';
import { OPERATOR } from '../../audit/origin.js';
import {
  anonymous,
  contextOfToken,
  DEMO_PASSWORD,
  openTestIdentity,
  type TestIdentity,
} from '../../testing/open-test-identity.js';
import { addMember } from '../members/add-member.js';
import { createUser } from './create-user.js';
import { startPasswordReset } from './start-password-reset.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const OLD = DEMO_PASSWORD;
const NEW = 'tractor in a pond';
const accepted = { status: 200, body: { accepted: true } };
const noLongerHolds = {
  status: 401,
  body: { error: { code: 'UNAUTHENTICATED', message: 'This link does not work any more. Ask for a new one.' } },
};

/** A member of acme of their own for one test. */
async function newMember(username: string) {
  const email = `${username}@acme.test`;
  const userId = await createUser({ email, username, displayName: username, password: OLD }, test.flows);
  await addMember({ tenantId: await test.tenantId('acme'), userId, roles: ['member'] }, test.flows);
  return { userId, email };
}

const login = (username: string, password = OLD) => test.post('/auth/login', { username, password });
const ask = (email: string) => test.post('/auth/reset-password', { email });
const reset = (token: string | undefined, password = NEW) => test.post('/auth/reset-password', { token, password });
const seen = ({ status, body }: Awaited<ReturnType<typeof ask>>) => ({ status, body });
const kindsTo = async (email: string) => (await test.mails(email)).map(({ kind }) => kind);
const tokensTo = async (email: string) =>
  (await test.mails(email)).flatMap(({ text }) => /#token=([\w-]+)/.exec(text)?.[1] ?? []);
const tokenTo = async (email: string) => (await ask(email), (await tokensTo(email)).at(-1));
const refresh = async (refreshToken: string) => (await test.post('/auth/refresh', { refreshToken })).status;
const mutate = async (mutation: string, context: RequestContext, input: object) => {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
  const selection = { changePassword: 'changed', resetPassword: 'reset', requestPasswordReset: 'accepted' }[mutation];
  return test.ask(`mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} } }`, context, { input });
};

describe('Asking for a new password', () => {
  it('answers the same for a person, a disabled one, an unknown one and one who has asked too often', async () => {
    const { email } = await newMember('asking');
    const disabled = await newMember('asking-disabled');
    await test.rows(`update users set status = 'disabled' where id = $1`, [disabled.userId]);
    const answers = [await ask(email), await ask(disabled.email), await ask('nobody@acme.test')];
    for (let n = 0; n < 6; n++) answers.push(await ask(` ${email.toUpperCase()}`));
    expect(answers.map(seen)).toEqual(answers.map(() => accepted));
    expect(answers[0]!.headers.get('cache-control')).toBe('no-store');
    expect(await kindsTo(email)).toEqual(Array(5).fill('reset-password'));
    expect(await kindsTo(disabled.email)).toEqual([]);
    expect(await test.mails('nobody@acme.test')).toEqual([]);
  });

  it('can be done by an administrator, who sees nothing but that it was done', async () => {
    const { email, userId } = await newMember('started');
    const tenantId = await test.tenantId('acme');
    expect(await startPasswordReset({ userId, tenantId }, OPERATOR, test.flows)).toEqual({ accepted: true });
    expect(await kindsTo(email)).toEqual(['reset-password']);
    const record = (await test.audit(tenantId)).at(-1);
    expect(record).toMatchObject({
      action: 'identity.start-password-reset',
      outcome: 'success',
      actor: { kind: 'operator' },
      subject: { type: 'User', id: userId },
    });
    expect((await login('started')).status).toBe(200); // until the person themselves has chosen another one
    expect((await reset((await tokensTo(email))[0])).status).toBe(200);
  });
});

describe('A link to a new password', () => {
  it('sets it, ends every session, tells the owner, and signs nobody in', async () => {
    const { email } = await newMember('resetting');
    const { body: session } = await login('resetting');
    const answer = await reset(await tokenTo(email));
    expect(seen(answer)).toEqual({ status: 200, body: { reset: true } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await refresh(session.refreshToken)).toBe(401);
    expect((await login('resetting', OLD)).status).toBe(401);
    expect((await login('resetting', NEW)).status).toBe(200);
    expect(await kindsTo(email)).toEqual(['reset-password', 'password-changed']);
  });

  it('leaves the second factor as it is', async () => {
    const { email, userId } = await newMember('two-factors');
    await test.rows(
      `with factor as (
         insert into totp_factors (user_id, sealed_secret, confirmed_at, last_step, failures)
         values ($1, 'sealed', stack_now(), 7, 3))
       insert into recovery_codes (user_id, hash) values ($1, 'a hash')`,
      [userId],
    );
    const factor = () =>
      test.rows('select * from totp_factors join recovery_codes using (user_id) where user_id = $1', [userId]);
    const before = await factor();
    expect((await reset(await tokenTo(email))).status).toBe(200);
    expect(await factor()).toEqual(before);
    expect(await login('two-factors', NEW)).toMatchObject({
      status: 401,
      body: { error: { code: 'SECOND_FACTOR_REQUIRED' } },
    });
  });

  it('ends a sign-in that waits for its second factor', async () => {
    const { email, userId } = await newMember('half-way');
    await test.rows(
      `insert into totp_factors (user_id, sealed_secret, confirmed_at) values ($1, 'sealed', stack_now())`,
      [userId],
    );
    const waiting = () => test.rows('select from sign_in_challenges where user_id = $1', [userId]);
    await login('half-way');
    expect(await waiting()).toHaveLength(1);
    await reset(await tokenTo(email));
    expect(await waiting()).toEqual([]);
  });

  it('works once, of however many at once', async () => {
    const { email } = await newMember('racing');
    const token = await tokenTo(email);
    const answers = await Promise.all(['one', 'two', 'three', 'four'].map((n) => reset(token, `${NEW} ${n}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    expect(seen(await reset(token))).toEqual(noLongerHolds);
  });

  it('works for 30 minutes', async () => {
    const [punctual, late] = [await newMember('punctual'), await newMember('late')];
    const tokens = [await tokenTo(punctual.email), await tokenTo(late.email)];
    await test.advance('29 minutes');
    expect((await reset(tokens[0])).status).toBe(200);
    await test.advance('2 minutes');
    expect(seen(await reset(tokens[1]))).toEqual(noLongerHolds);
  });

  it('is void once the account has another address, another password, or is disabled', async () => {
    const moved = await newMember('moved');
    const movedToken = await tokenTo(moved.email);
    await test.rows(`update users set email = 'elsewhere@acme.test' where id = $1`, [moved.userId]);
    expect(seen(await reset(movedToken))).toEqual(noLongerHolds);

    const changed = await newMember('changed');
    const [first, second] = [await tokenTo(changed.email), await tokenTo(changed.email)];
    expect((await reset(second)).status).toBe(200);
    expect(seen(await reset(first))).toEqual(noLongerHolds);

    const disabled = await newMember('disabled');
    const disabledToken = await tokenTo(disabled.email);
    await test.rows(`update users set status = 'disabled' where id = $1`, [disabled.userId]);
    expect(seen(await reset(disabledToken))).toEqual(noLongerHolds);
  });

  it('goes on working when the password was easy to guess', async () => {
    const { email } = await newMember('choosy');
    const token = await tokenTo(email);
    const names = 'That password is made of names that others know. Choose another one.';
    expect(seen(await reset(token, 'choosy-acme'))).toEqual({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', message: names } },
    });
    expect((await mutate('resetPassword', anonymous, { token, password: 'short' })).errors).toMatchObject([
      { message: 'must have at least 8 characters', extensions: { field: 'input.password' } },
    ]);
    expect((await reset(token)).status).toBe(200);
  });

  it('opens nothing for whoever has a copy of the database', async () => {
    const { email } = await newMember('dumped');
    await ask(email);
    await test.post('/auth/register', {
      email: 'dumped@new.test',
      password: NEW,
      displayName: 'X',
      tenant: { slug: 'dumped', name: 'X' },
    });
    const tokens = [...(await tokensTo(email)), ...(await tokensTo('dumped@new.test'))];
    expect(tokens).toHaveLength(2);
    const dump = await test.rows<{ line: string }>(
      `select row_to_json(t)::text as line from sign_ups t
       union all select row_to_json(t)::text from one_time_tokens t union all select row_to_json(t)::text from mails t
       union all select row_to_json(t)::text from audit_events t union all select row_to_json(t)::text from audit_personal t`,
    );
    const text = dump.map(({ line }) => line).join('\n');
    for (const token of tokens) {
      for (const spelled of [
        token,
        Buffer.from(token).toString('hex'),
        Buffer.from(token, 'base64url').toString('hex'),
      ])
        expect(text).not.toContain(spelled);
    }
    expect(text).not.toContain(NEW);
    const stored = await test.rows<{ hash: Buffer }>(
      'select token_hash as hash from sign_ups union all select hash from one_time_tokens where used_at is null',
    );
    expect(stored.length).toBeGreaterThan(1);
    for (const spelled of stored.flatMap(({ hash }) => [hash.toString('hex'), hash.toString('base64url')]))
      for (const path of ['verify-email', 'reset-password'])
        expect(seen(await test.post(`/auth/${path}`, { token: spelled, password: NEW }))).toEqual(noLongerHolds);
  });

  it('is in the audit with what became of it, and never with a reason in the answer', async () => {
    const { email, userId } = await newMember('audited');
    const token = await tokenTo(email);
    await ask('nobody@acme.test');
    await reset(token);
    await reset(token);
    expect((await test.audit(null)).slice(-4)).toMatchObject([
      { action: 'identity.start-password-reset', outcome: 'success', subject: { type: 'User', id: userId } },
      { action: 'identity.start-password-reset', outcome: 'refused', reason: 'no such active person' },
      { action: 'identity.reset-password', outcome: 'success', actor: { kind: 'user', id: userId } },
      { action: 'identity.reset-password', outcome: 'refused', reason: 'an unknown, used, old or void link' },
    ]);
  });
});

describe('Changing the password', () => {
  const change = (context: RequestContext, currentPassword: string, newPassword: string) =>
    mutate('changePassword', context, { currentPassword, newPassword });
  const wrong = { message: 'That is not your password.', extensions: { field: 'input.currentPassword' } };

  it('needs the one they have, keeps the own session, ends the others, and tells the owner', async () => {
    const { email } = await newMember('changing');
    const [own, other] = [(await login('changing')).body, (await login('changing')).body];
    const pending = await tokenTo(email);
    const context = contextOfToken(own.accessToken);
    expect((await change(context, 'guess', NEW)).errors).toMatchObject([wrong]);
    expect(await refresh(other.refreshToken)).toBe(200);
    expect(await change(context, OLD, NEW)).toEqual({ data: { changePassword: { changed: true } } });
    expect([await refresh(own.refreshToken), (await login('changing', NEW)).status]).toEqual([200, 200]);
    expect((await login('changing', OLD)).status).toBe(401);
    expect(seen(await reset(pending))).toEqual(noLongerHolds);
    expect(await kindsTo(email)).toEqual(['reset-password', 'password-changed']);
    expect(
      (await test.audit(await test.tenantId('acme'))).map(({ action, outcome }) => `${action} ${outcome}`),
    ).toEqual(expect.arrayContaining(['identity.change-password refused', 'identity.change-password success']));
  });

  it('refuses a new one that is easy to guess', async () => {
    await newMember('lovelace');
    const context = contextOfToken((await login('lovelace')).body.accessToken);
    expect((await change(context, OLD, 'Lovelace2024!')).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', field: 'input.newPassword' } },
    ]);
  });

  it('lets nobody guess the current one at a screen that was left: ten times an hour, also all at once', async () => {
    await newMember('guessed');
    const context = contextOfToken((await login('guessed')).body.accessToken);
    const answers = await Promise.all(Array.from({ length: 14 }, () => change(context, 'guess', NEW)));
    const codes = answers.map(({ errors }) => errors[0].extensions.code as string).sort();
    expect(codes).toEqual([...Array<string>(10).fill('BAD_USER_INPUT'), ...Array<string>(4).fill('RATE_LIMITED')]);
    expect((await change(context, OLD, NEW)).errors).toMatchObject([{ extensions: { code: 'RATE_LIMITED' } }]);
  });

  it('is for the person alone, not for who works in their place, nor for the anonymous', async () => {
    const { userId } = await newMember('impersonated');
    const context = contextOfToken((await login('impersonated')).body.accessToken);
    const actor = await test.userId('root');
    const impersonated = { ...context, caller: { kind: 'member', userId: userId as UserId, actor } } as const;
    expect((await change(impersonated, OLD, NEW)).errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    expect((await change(anonymous, OLD, NEW)).errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });
});
