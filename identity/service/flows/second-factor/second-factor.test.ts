import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseUserId, type RequestContext } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import jwt from 'jsonwebtoken';
import { generateSync } from 'otplib';
import { loginClient } from '../../testing/login-client.js';
import { anonymous, contextOfToken, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';
import { openSession } from '../../tokens/sessions.js';
import { addMember } from '../members/add-member.js';
import { assertFreshSignIn } from '../sign-in/assert-fresh-sign-in.js';

const PASSWORD = 'a password of the tests';

let test: TestIdentity;
let passwordHash: string;
/** The door, with passwords that cost nothing to compare and tokens that say what their session is. */
let post: ReturnType<typeof loginClient>;
beforeAll(async () => {
  test = await openTestIdentity();
  const { hash } = test.flows.passwords;
  passwordHash = await hash(PASSWORD);
  post = loginClient({
    ...test.flows,
    passwords: { hash, verify: async (stored, password) => stored !== null && password === PASSWORD },
    issueAccessToken: async (sid) => {
      const [session] = await test.rows<{ amr: string[] }>('select amr from sessions where id = $1', [sid]);
      return jwt.sign({ sid, amr: session!.amr }, 'of a test');
    },
  });
});
afterAll(() => test.close());
/** Past every throttle and lock of the test before, and to where a step of 30 seconds begins: none ends within a test. */
beforeEach(async () => {
  await test.advance('20 minutes');
  await test.rows(
    'update clock set ahead = ahead + make_interval(secs => 31 - extract(epoch from stack_now())::bigint % 30)',
  );
});

const mutate = async (field: string, input: object, selection: string, context: RequestContext = anonymous) => {
  const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`;
  const { data, errors } = await test.ask(query, context, { input });
  return { value: data?.[field], error: errors?.[0] };
};
const sessionOf = ({ accessToken }: { accessToken: string }) => (jwt.decode(accessToken) as jwt.JwtPayload)['sid'];
const methodsOf = ({ accessToken }: { accessToken: string }) => (jwt.decode(accessToken) as jwt.JwtPayload)['amr'];

/** The digits an authenticator app shows, so many steps of 30 seconds from now. */
async function digits(secret: string, steps = 0): Promise<string> {
  const [clock] = await test.rows<{ now: Date }>('select stack_now() as now');
  return generateSync({ secret, epoch: Math.floor(clock!.now.getTime() / 1_000) + steps * 30 });
}
/** Six digits that are of none of the steps around now. */
async function wrongDigits(secret: string): Promise<string> {
  const near = await Promise.all([-2, -1, 0, 1, 2].map((steps) => digits(secret, steps)));
  return ['000000', '111111', '222222', '333333', '444444', '555555'].find((code) => !near.includes(code))!;
}
const nextStep = () => test.advance('30 seconds');

let people = 0;
/** A person of their own for one test, signed in, in acme. */
async function newPerson() {
  const username = `factor-${(people += 1)}`;
  const email = `${username}@acme.test`;
  const [userId, tenantId] = [parseUserId(newId()), await test.tenantId('acme')];
  await test.rows(
    `with made as (
       insert into users (id, email, username, display_name, email_verified_at) values ($1, $2, $3, $3, stack_now())
       returning id)
     insert into credentials (user_id, password_hash) select id, $4 from made`,
    [userId, email, username, passwordHash],
  );
  await addMember({ tenantId, userId, roles: ['member'] }, test.flows);
  const session = { tenantId, userId, device: null, address: null, amr: ['pwd'] };
  const { sessionId, refreshToken } = await openSession(test.flows.db.rows, session);
  const context: RequestContext = {
    ...anonymous,
    caller: { kind: 'member', userId },
    tenant: { id: tenantId, plan: 'pro', entitlementsDigest: '' },
    sessionId,
    roles: ['member'],
  };
  return { username, email, userId, refreshToken, context };
}
/** The same, with a second factor. */
async function withFactor() {
  const person = await newPerson();
  const { secret } = (await mutate('enrolTotp', {}, 'secret', person.context)).value;
  const confirmed = await mutate('confirmTotp', { code: await digits(secret) }, 'recoveryCodes', person.context);
  await nextStep();
  return { ...person, secret: secret as string, recoveryCodes: confirmed.value.recoveryCodes as string[] };
}
const challengeOf = async (username: string): Promise<string> => {
  const answer = await post({ username, password: PASSWORD });
  expect([answer.status, answer.body.error.code]).toEqual([401, 'SECOND_FACTOR_REQUIRED']);
  return answer.body.error.challenge;
};
const complete = (challenge: string, totp: string) => post({ challenge, totp });
const mailsTo = (email: string) =>
  test.rows<{ kind: string }>('select kind from mails where recipient = $1 order by id', [email]);

const wrongCode = {
  status: 401,
  body: {
    error: {
      code: 'UNAUTHENTICATED',
      message: 'The code is wrong, or was used, or the sign-in took too long. Sign in again if it goes on.',
    },
  },
};
const wrongLogin = {
  status: 401,
  body: { error: { code: 'UNAUTHENTICATED', message: 'The login or the password is wrong.' } },
};
const codeRefused = { code: 'BAD_USER_INPUT', field: 'input.code' };

describe('Enrolling a second factor', () => {
  it('gives a secret for an authenticator app, and asks for nothing until a code of it came', async () => {
    const { context, username, email } = await newPerson();
    const { value } = await mutate('enrolTotp', {}, 'secret uri', context);
    expect(value.secret).toMatch(/^[A-Z2-7]{32}$/);
    const uri = new URL(value.uri);
    expect(decodeURIComponent(uri.pathname)).toContain(email);
    expect(Object.fromEntries(uri.searchParams)).toMatchObject({
      secret: value.secret,
      issuer: 'Inevitable Cloud Stack',
    });
    expect((await post({ username, password: PASSWORD })).status).toBe(200);
    const refused = await mutate('confirmTotp', { code: await wrongDigits(value.secret) }, 'recoveryCodes', context);
    expect(refused.error.extensions).toEqual(codeRefused);
    expect((await post({ username, password: PASSWORD })).status).toBe(200);
  });

  it('takes the secret that was made last, and none that is older than 15 minutes', async () => {
    const { username, context } = await newPerson();
    const confirm = async (secret: string, as: RequestContext) =>
      (await mutate('confirmTotp', { code: await digits(secret) }, 'recoveryCodes', as)).error?.extensions;
    const first = (await mutate('enrolTotp', {}, 'secret', context)).value.secret;
    const second = (await mutate('enrolTotp', {}, 'secret', context)).value.secret;
    expect(await confirm(first, context)).toEqual(codeRefused);
    await test.advance('16 minutes');
    const fresh = { ...context, sessionId: sessionOf((await post({ username, password: PASSWORD })).body) };
    expect(await confirm(second, fresh)).toEqual(codeRefused);
  });

  it('ends the other sessions, keeps the own one, and tells the owner', async () => {
    const { username, email, context, refreshToken } = await newPerson();
    const other = (await post({ username, password: PASSWORD })).body;
    const { secret } = (await mutate('enrolTotp', {}, 'secret', context)).value;
    await mutate('confirmTotp', { code: await digits(secret) }, 'recoveryCodes', context);
    expect((await test.post('/auth/refresh', { refreshToken: other.refreshToken })).status).toBe(401);
    expect((await test.post('/auth/refresh', { refreshToken })).status).toBe(200);
    expect(await mailsTo(email)).toEqual([{ kind: 'second-factor-enabled' }]);
  });

  it('is refused while there is one', async () => {
    const { context, secret } = await withFactor();
    expect((await mutate('enrolTotp', {}, 'secret', context)).error.extensions.code).toBe('CONFLICT');
    const again = await mutate('confirmTotp', { code: await digits(secret) }, 'recoveryCodes', context);
    expect(again.error.extensions).toEqual(codeRefused);
  });

  it('and everything else about it needs a sign-in of the last 10 minutes, which no refresh is', async () => {
    const { context, secret, refreshToken } = await withFactor();
    await test.advance('11 minutes');
    const { body } = await test.post('/auth/refresh', { refreshToken });
    const code = await digits(secret);
    for (const [field, input, selection] of [
      ['enrolTotp', {}, 'secret'],
      ['confirmTotp', { code }, 'recoveryCodes'],
      ['disableTotp', { code }, 'disabled'],
      ['regenerateRecoveryCodes', { code }, 'recoveryCodes'],
    ] as const)
      for (const stale of [context, contextOfToken(body.accessToken)]) {
        const { value, error } = await mutate(field, input, selection, stale);
        expect([value, error.extensions]).toEqual([null, { code: 'FORBIDDEN', reason: 'fresh-sign-in' }]);
      }
  });

  it('needs a session that lives', async () => {
    const { context, refreshToken } = await newPerson();
    await test.post('/auth/logout', { refreshToken });
    expect((await mutate('enrolTotp', {}, 'secret', context)).error.extensions.reason).toBe('fresh-sign-in');
    await expect(assertFreshSignIn(null, test.flows)).rejects.toMatchObject({ answer: { code: 'FORBIDDEN' } });
  });

  it("is nothing for whoever works in the person's place, nor for an operator's token", async () => {
    const { context, userId, username } = await newPerson();
    const inTheirPlace: RequestContext = {
      ...context,
      caller: { kind: 'member', userId, actor: await test.userId('root') },
    };
    const operator = contextOfToken(await test.identity.issueAccessToken({ login: username }));
    for (const other of [inTheirPlace, operator])
      expect((await mutate('enrolTotp', {}, 'secret', other)).error.extensions.code).toBe('FORBIDDEN');
  });
});

describe('The viewer', () => {
  it('sees whether the own second factor is on, and how many recovery codes are left', async () => {
    const query = '{ viewer { secondFactor { since recoveryCodesLeft } } }';
    const seen = async (context: RequestContext) => (await test.ask(query, context)).data.viewer.secondFactor;
    const without = await newPerson();
    await mutate('enrolTotp', {}, 'secret', without.context);
    expect(await seen(without.context)).toBeNull();
    const person = await withFactor();
    await complete(await challengeOf(person.username), person.recoveryCodes[0]!);
    expect(await seen(person.context)).toEqual({ since: expect.any(String), recoveryCodesLeft: 9 });
  });
});

describe('Signing in with a second factor', () => {
  it('takes a right password and a code in one request, and says so in the token', async () => {
    const { username, secret } = await withFactor();
    const { status, body } = await post({ username, password: PASSWORD, totp: await digits(secret) });
    expect([status, methodsOf(body)]).toEqual([200, ['pwd', 'otp', 'mfa']]);
  });

  it('asks for the code after a right password alone, and answers the tokens for both', async () => {
    const { username, secret } = await withFactor();
    const challenge = await challengeOf(username);
    const { status, body } = await complete(challenge, await digits(secret));
    expect([status, methodsOf(body)]).toEqual([200, ['pwd', 'otp', 'mfa']]);
    expect(Object.keys(body).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken', 'tokenType']);
    expect(await test.audit(await test.tenantId('acme'))).toContainEqual(
      expect.objectContaining({ action: 'identity.sign-in', session: sessionOf(body), outcome: 'success' }),
    );
  });

  it('does so in GraphQL as in REST', async () => {
    const { username, secret } = await withFactor();
    const { value, error } = await mutate('signIn', { username, password: PASSWORD }, 'accessToken');
    expect([value, error.extensions]).toEqual([
      null,
      { code: 'SECOND_FACTOR_REQUIRED', challenge: expect.stringMatching(/^[\w-]{43}$/), expiresIn: 300 },
    ]);
    const { challenge } = error.extensions;
    const wrong = await mutate('completeSignIn', { challenge, code: await wrongDigits(secret) }, 'accessToken');
    expect(wrong.error.extensions).toEqual({ code: 'UNAUTHENTICATED' });
    const right = await mutate(
      'completeSignIn',
      { challenge, code: await digits(secret) },
      'accessToken refreshToken deviceToken',
    );
    expect(methodsOf(right.value)).toEqual(['pwd', 'otp', 'mfa']);
    expect(right.value.deviceToken).toMatch(/^[\w-]{43}$/);
  });

  it('opens a new session each time', async () => {
    const { username, secret, context } = await withFactor();
    const first = (await complete(await challengeOf(username), await digits(secret))).body;
    await nextStep();
    const second = (await complete(await challengeOf(username), await digits(secret))).body;
    expect(new Set([context.sessionId, sessionOf(first), sessionOf(second)]).size).toBe(3);
  });

  it('keeps the scopes that were asked for with the password', async () => {
    const { username, secret } = await withFactor();
    const half = await post({ username, password: PASSWORD, scopes: ['starter:notes:read'] });
    const { body } = await complete(half.body.error.challenge, await digits(secret));
    expect(await test.rows('select scopes from sessions where id = $1', [sessionOf(body)])).toEqual([
      { scopes: ['starter:notes:read'] },
    ]);
  });

  it('refuses a wrong code beside a right password as it refuses a wrong password', async () => {
    const { username, secret } = await withFactor();
    const totp = await wrongDigits(secret);
    expect(await post({ username, password: PASSWORD, totp })).toMatchObject(wrongLogin);
    expect(await post({ username, password: 'wrong', totp: await digits(secret) })).toMatchObject(wrongLogin);
  });

  it.each(['signing out everywhere', 'signing out everywhere else', 'leaving the tenant', 'being disabled'])(
    'drops what is half a sign-in with the sessions it would be one of: by %s',
    async (how) => {
      const { username, userId, context } = await withFactor();
      await challengeOf(username);
      const admin = test.identity.administration;
      const done = {
        'signing out everywhere': () => mutate('signOutEverywhere', {}, 'ended', context),
        'signing out everywhere else': () => mutate('signOutEverywhere', { keepThis: true }, 'ended', context),
        'leaving the tenant': () => mutate('leaveTenant', { tenant: 'acme' }, 'tenantId', context),
        'being disabled': () => admin.disableUser(username, 'of a test'),
      }[how]!;
      expect(await done()).not.toMatchObject({ error: expect.anything() });
      expect(await test.rows('select from sign_in_challenges where user_id = $1', [userId])).toEqual([]);
    },
  );

  it('gives a challenge nothing after 5 minutes, after its use, after a new password, and without the factor', async () => {
    const { username, userId, secret, context, recoveryCodes } = await withFactor();
    const old = await challengeOf(username);
    await test.advance('5 minutes');
    expect(await complete(old, await digits(secret))).toMatchObject(wrongCode);
    const used = await challengeOf(username);
    expect((await complete(used, await digits(secret))).status).toBe(200);
    await nextStep();
    expect(await complete(used, await digits(secret))).toMatchObject(wrongCode);
    const other = await challengeOf(username);
    const change = { currentPassword: PASSWORD, newPassword: 'a tractor in a pond' };
    expect((await mutate('changePassword', change, 'changed', context)).value).toEqual({ changed: true });
    expect(await complete(other, await digits(secret))).toMatchObject(wrongCode);
    const before = await challengeOf(username);
    const { value } = await mutate('disableTotp', { code: recoveryCodes[0]! }, 'disabled', context);
    expect(value).toEqual({ disabled: true });
    expect(await complete(before, await digits(secret))).toMatchObject(wrongCode);
    expect(await complete('made up', await digits(secret))).toMatchObject(wrongCode);
    expect(await test.rows('select from sign_in_challenges where user_id = $1', [userId])).toEqual([]);
  });

  it('gives one session to five who present the same challenge and code at once', async () => {
    const { username, secret } = await withFactor();
    const [challenge, code] = [await challengeOf(username), await digits(secret)];
    const answers = await Promise.all(Array.from({ length: 5 }, () => complete(challenge, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('A code of an authenticator app', () => {
  it('works once, and takes those before it along', async () => {
    const { username, secret } = await withFactor();
    const [earlier, code] = [await digits(secret, -1), await digits(secret)];
    const attempt = async (totp: string) => (await post({ username, password: PASSWORD, totp })).status;
    expect([await attempt(code), await attempt(code), await attempt(earlier)]).toEqual([200, 401, 401]);
    expect(await attempt(await digits(secret, 1))).toBe(200);
  });

  it.each([
    [-2, 401],
    [-1, 200],
    [0, 200],
    [1, 200],
    [2, 401],
  ])('of the step %d from now is answered with %d', async (steps, status) => {
    const { username, secret } = await withFactor();
    await test.advance('2 minutes'); // the one that confirmed it is long past
    const totp = await digits(secret, steps);
    expect((await post({ username, password: PASSWORD, totp })).status).toBe(status);
  });

  it('may be typed with a space', async () => {
    const { username, secret } = await withFactor();
    const code = await digits(secret);
    const totp = ` ${code.slice(0, 3)} ${code.slice(3)} `;
    expect((await post({ username, password: PASSWORD, totp })).status).toBe(200);
  });

  it('that confirmed the factor does not sign in', async () => {
    const { username, context } = await newPerson();
    const { secret } = (await mutate('enrolTotp', {}, 'secret', context)).value;
    const totp = await digits(secret);
    await mutate('confirmTotp', { code: totp }, 'recoveryCodes', context);
    expect(await post({ username, password: PASSWORD, totp })).toMatchObject(wrongLogin);
  });
});

describe('Wrong codes', () => {
  it('end their challenge when there were five, and the password is asked for again', async () => {
    const { username, secret } = await withFactor();
    const challenge = await challengeOf(username);
    for (let n = 0; n < 5; n++) expect(await complete(challenge, await wrongDigits(secret))).toMatchObject(wrongCode);
    expect(await complete(challenge, await digits(secret))).toMatchObject(wrongCode);
    expect((await complete(await challengeOf(username), await digits(secret))).status).toBe(200);
  });

  it('lock the factor for 15 minutes when there were ten in a row, recovery codes included, and the owner is told', async () => {
    const { username, email, secret, recoveryCodes } = await withFactor();
    for (let n = 0; n < 2; n++) {
      const challenge = await challengeOf(username);
      for (let tries = 0; tries < 4; tries++) await complete(challenge, await wrongDigits(secret));
      await complete(challenge, 'no-recovery-code');
    }
    const kinds = [{ kind: 'second-factor-enabled' }, { kind: 'second-factor-locked' }];
    expect(await mailsTo(email)).toEqual(kinds);
    const locked = await challengeOf(username);
    expect(await complete(locked, await digits(secret))).toMatchObject(wrongCode);
    expect(await complete(locked, recoveryCodes[0]!)).toMatchObject(wrongCode);
    expect(await post({ username, password: PASSWORD, totp: await digits(secret) })).toMatchObject(wrongLogin);
    await test.advance('15 minutes');
    expect((await complete(await challengeOf(username), await digits(secret))).status).toBe(200);
    expect(await mailsTo(email)).toEqual(kinds);
  });

  it('are counted anew after a right one, and after the lock', async () => {
    const { username, secret, userId } = await withFactor();
    const failures = async () =>
      (await test.rows<{ failures: number }>('select failures from totp_factors where user_id = $1', [userId]))[0]!
        .failures;
    const challenge = await challengeOf(username);
    for (let n = 0; n < 4; n++) await complete(challenge, await wrongDigits(secret));
    expect(await failures()).toBe(4);
    expect((await complete(challenge, await digits(secret))).status).toBe(200);
    expect(await failures()).toBe(0);
    await test.rows(`update totp_factors set failures = 10, locked_until = stack_now() where user_id = $1`, [userId]);
    await complete(await challengeOf(username), await wrongDigits(secret));
    expect(await failures()).toBe(1);
  });

  it('are looked at five times at a challenge and ten times at the factor, when 100 come at once', async () => {
    const { username, secret, userId } = await withFactor();
    const [one, two, three] = [await challengeOf(username), await challengeOf(username), await challengeOf(username)];
    const code = await wrongDigits(secret);
    await Promise.all(Array.from({ length: 100 }, (_, n) => complete([one, two, three][n % 3]!, code)));
    const challenges = await test.rows('select failures from sign_in_challenges where user_id = $1', [userId]);
    expect(challenges).toEqual([{ failures: 5 }, { failures: 5 }, { failures: 5 }]);
    expect(await test.rows('select failures from totp_factors where user_id = $1', [userId])).toEqual([
      { failures: 10 },
    ]);
    const refusals = (await test.audit(await test.tenantId('acme'))).filter(
      ({ reason, subject }) => reason?.startsWith('wrong second factor') && subject?.id === userId,
    );
    expect(refusals).toHaveLength(10);
  });

  it('of somebody who is signed in count as well', async () => {
    const { username, context, secret } = await withFactor();
    const code = await wrongDigits(secret);
    for (let n = 0; n < 10; n++)
      expect((await mutate('disableTotp', { code }, 'disabled', context)).error.extensions).toEqual(codeRefused);
    const right = await mutate('disableTotp', { code: await digits(secret) }, 'disabled', context);
    expect(right.error.extensions).toEqual(codeRefused);
    expect(await complete(await challengeOf(username), await digits(secret))).toMatchObject(wrongCode);
  });
});

describe('A recovery code', () => {
  it('signs in once in place of a code of the app, in any spelling', async () => {
    const { username, recoveryCodes } = await withFactor();
    expect(new Set(recoveryCodes).size).toBe(10);
    for (const code of recoveryCodes) expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/);
    const [first, second] = recoveryCodes as [string, string];
    const answer = await complete(await challengeOf(username), ` ${first.toUpperCase().replaceAll('-', ' ')} `);
    expect([answer.status, methodsOf(answer.body)]).toEqual([200, ['pwd', 'mfa']]);
    expect(await complete(await challengeOf(username), first)).toMatchObject(wrongCode);
    expect((await post({ username, password: PASSWORD, totp: second })).status).toBe(200);
  });

  it('signs in one of three who use it at once', async () => {
    const { username, recoveryCodes } = await withFactor();
    const challenges = [await challengeOf(username), await challengeOf(username), await challengeOf(username)];
    const answers = await Promise.all(challenges.map((challenge) => complete(challenge, recoveryCodes[0]!)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('of others signs nobody in', async () => {
    const [ours, theirs] = [await withFactor(), await withFactor()];
    expect(await complete(await challengeOf(ours.username), theirs.recoveryCodes[0]!)).toMatchObject(wrongCode);
  });

  it('is of no use once there are new ones, of which the owner is told', async () => {
    const { username, email, context, secret, recoveryCodes } = await withFactor();
    const { value } = await mutate('regenerateRecoveryCodes', { code: await digits(secret) }, 'recoveryCodes', context);
    expect(value.recoveryCodes).toHaveLength(10);
    expect(await complete(await challengeOf(username), recoveryCodes[0]!)).toMatchObject(wrongCode);
    expect((await complete(await challengeOf(username), value.recoveryCodes[0])).status).toBe(200);
    expect(await mailsTo(email)).toContainEqual({ kind: 'recovery-codes-replaced' });
  });
});

describe('Disabling the second factor', () => {
  it('takes a code, ends the other sessions, tells the owner, and leaves the password alone', async () => {
    const { username, email, userId, context, refreshToken, secret } = await withFactor();
    const other = (await post({ username, password: PASSWORD, totp: await digits(secret) })).body;
    await nextStep();
    const { value } = await mutate('disableTotp', { code: await digits(secret) }, 'disabled', context);
    expect(value).toEqual({ disabled: true });
    expect((await test.post('/auth/refresh', { refreshToken: other.refreshToken })).status).toBe(401);
    expect((await test.post('/auth/refresh', { refreshToken })).status).toBe(200);
    expect(await mailsTo(email)).toContainEqual({ kind: 'second-factor-disabled' });
    expect(methodsOf((await post({ username, password: PASSWORD })).body)).toEqual(['pwd']);
    expect(await test.rows('select from recovery_codes where user_id = $1', [userId])).toEqual([]);
  });
});
