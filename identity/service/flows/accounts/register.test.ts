import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import jwt from 'jsonwebtoken';
import { originOf } from '../../audit/origin.js';
import { TooManySignIns } from '../../passwords/passwords.js';
import { anonymous, DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';
import type { FlowDeps } from '../flow-deps.js';
import { canonicalLogin } from './canonical-login.js';
import { register, registerInput } from './register.js';
import { startPasswordReset } from './start-password-reset.js';
import { verifyEmail } from './verify-email.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const PASSWORD = 'tractor in a pond';
const accepted = { status: 200, body: { accepted: true } };
const noLongerHolds = {
  status: 401,
  body: { error: { code: 'UNAUTHENTICATED', message: 'This link does not work any more. Ask for a new one.' } },
};

const signUp = (name: string, more: object = {}) =>
  test.post('/auth/register', {
    email: `${name}@new.test`,
    password: PASSWORD,
    displayName: 'Somebody',
    tenant: { slug: `${name}-works`, name: 'Works' },
    ...more,
  });
const open = (body: object) => test.post('/auth/verify-email', { password: PASSWORD, ...body });
const seen = ({ status, body }: Awaited<ReturnType<typeof signUp>>) => ({ status, body });

/** What the links in the mails of an address carry, the oldest first. */
const tokensTo = async (email: string) =>
  (await test.mails(email)).flatMap(({ text }) => /#token=([\w-]+)/.exec(text)?.[1] ?? []);
const kindsTo = async (email: string) => (await test.mails(email)).map(({ kind }) => kind);

describe('Signing up', () => {
  it('makes person, tenant and its owner once the link in the mail is opened, and not before', async () => {
    const answer = await signUp('eve', { email: ' EVE@new.test', username: 'Eve' });
    expect(answer).toMatchObject(accepted);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect((await test.post('/auth/login', { email: 'eve@new.test', password: PASSWORD })).status).toBe(401);
    const [mail] = await test.mails('eve@new.test');
    expect(mail).toMatchObject({ kind: 'verify-email', subject: 'Confirm your e-mail address' });
    const [token] = await tokensTo('eve@new.test');
    expect(mail!.text).toContain(`http://127.0.0.1:8080/auth/verify-email#token=${token}`);

    const verified = await open({ token });
    expect(verified).toMatchObject({
      status: 200,
      body: { email: 'eve@new.test', username: 'eve', tenantSlug: 'eve-works' },
    });
    expect(verified.headers.get('cache-control')).toBe('no-store');
    const { body } = await test.post('/auth/login', { username: 'eve', password: PASSWORD });
    expect(jwt.decode(body.accessToken)).toMatchObject({ tid: await test.tenantId('eve-works'), roles: ['owner'] });
    expect(await open({ token })).toMatchObject(noLongerHolds);
  });

  it('answers for a known address as for a new one, with as many password hashes, and mails its owner alone', async () => {
    let hashes = 0;
    const { passwords } = test.flows;
    const counted: FlowDeps = {
      ...test.flows,
      passwords: {
        hash: (password) => ((hashes += 1), passwords.hash(password)),
        verify: (...asked) => ((hashes += 1), passwords.verify(...asked)),
      },
    };
    const costOf = async (email: string, slug: string) => {
      hashes = 0;
      const wanted = { email, password: PASSWORD, displayName: 'X', tenant: { slug, name: 'X' } };
      const answer = await register(registerInput.parse(wanted), originOf(anonymous), counted);
      return { answer, hashes };
    };
    expect(await costOf('ada@acme.test', 'of-ada')).toEqual({ answer: { accepted: true }, hashes: 1 });
    expect(await costOf('stranger@new.test', 'of-a-stranger')).toEqual({ answer: { accepted: true }, hashes: 1 });
    expect(seen(await signUp('ada', { email: 'ada@acme.test' }))).toEqual(seen(await signUp('nobody')));
    expect(await kindsTo('ada@acme.test')).toEqual(['account-exists', 'account-exists']);
    expect(await tokensTo('ada@acme.test')).toEqual([]);
    expect(await test.rows(`select from sign_ups where email = 'ada@acme.test'`)).toEqual([]);
    expect((await test.post('/auth/login', { username: 'ada', password: DEMO_PASSWORD })).status).toBe(200);
  });

  it('says that a slug is taken, whoever asks, and not that a user name is', async () => {
    const taken = { tenant: { slug: 'acme', name: 'Another' } };
    const conflict = {
      status: 409,
      body: { error: { code: 'CONFLICT', message: 'There is a tenant "acme" already.' } },
    };
    expect(await signUp('slug', taken)).toMatchObject(conflict);
    expect(await signUp('slug', { ...taken, email: 'ada@acme.test' })).toMatchObject(conflict);
    expect(await signUp('named', { username: 'ada' })).toMatchObject(accepted);
  });

  it.each([
    ['too short', 'seven77', '"password" must have at least 8 characters.'],
    ['above 4 KiB', 'x'.repeat(4_097), '"password" must have at most 4096 bytes.'],
    ['one that everybody tries', 'iloveyou', 'That password is one of those that are tried first. Choose another one.'],
    ['the tenant', 'refused-works', 'That password is made of names that others know. Choose another one.'],
    ['the address', 'refused@new.test', 'That password is made of names that others know. Choose another one.'],
    ['a product', 'starter-starter', 'That password is made of names that others know. Choose another one.'],
  ])('refuses a password that is %s, before anything is hashed or mailed', async (_what, password, message) => {
    expect(await signUp('refused', { password })).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', message } },
    });
    expect(await test.mails('refused@new.test')).toEqual([]);
  });

  it('mails an address five times an hour at most, and answers the same ever after', async () => {
    for (let n = 0; n < 7; n++) expect(await signUp('often')).toMatchObject(accepted);
    expect(await kindsTo('often@new.test')).toEqual(Array(5).fill('verify-email'));
    expect(await test.rows(`select from sign_ups where email = 'often@new.test'`)).toHaveLength(5);
    await test.advance('61 minutes');
    expect(await signUp('often')).toMatchObject(accepted);
    expect(await kindsTo('often@new.test')).toHaveLength(6);
  });

  it('mails nobody for an address that has asked 60 times within the hour, and says so whomever it asks for', async () => {
    const origin = { ...originOf(anonymous), client: { address: '198.51.100.7', agent: null } };
    const ask = (email: string) => startPasswordReset({ email }, origin, test.flows);
    await Promise.all(Array.from({ length: 60 }, (_, n) => ask(`many-${n}@new.test`)));
    for (const email of ['ada@acme.test', 'stranger@new.test'])
      await expect(ask(email)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    const wanted = { email: 'x@new.test', password: PASSWORD, displayName: 'X', tenant: { slug: 'xx', name: 'X' } };
    const refused = register(registerInput.parse(wanted), origin, test.flows);
    await expect(refused).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });

  it('puts nothing of what a stranger writes into a mail, but the slug', async () => {
    const advertisement = 'WIN http://evil.test';
    await signUp('spam', { displayName: advertisement, tenant: { slug: 'spam', name: advertisement } });
    const [mail] = await test.mails('spam@new.test');
    expect(JSON.stringify(mail)).not.toMatch(/evil|win/i);
  });

  it('is in the audit, whether it makes an account or not, with the address as personal data', async () => {
    await signUp('audited');
    await signUp('audited', { email: 'bob@acme.test' });
    await open({ token: (await tokensTo('audited@new.test'))[0] });
    await open({ token: 'guess' });
    const records = (await test.audit(null)).slice(-3);
    expect(records).toMatchObject([
      { action: 'identity.register', outcome: 'success', actor: { kind: 'anonymous' } },
      {
        action: 'identity.register',
        outcome: 'refused',
        reason: 'the address has an account',
        subject: { type: 'User', id: await test.userId('bob') },
      },
      { action: 'identity.verify-email', outcome: 'refused', reason: 'an unknown, used, old or void link' },
    ]);
    expect(await test.audit(await test.tenantId('audited-works'))).toMatchObject([
      { action: 'identity.verify-email', outcome: 'success', details: { roles: ['owner'] } },
    ]);
    expect(JSON.stringify(records)).not.toMatch(/new\.test|acme\.test/);
  });
});

describe('The link of a sign-up', () => {
  const wrongPassword = {
    status: 400,
    body: {
      error: {
        code: 'BAD_USER_INPUT',
        message: 'That is not the password that was chosen at sign-up. Sign up again if you have forgotten it.',
      },
    },
  };

  it('makes no account with the password of a stranger who signed up with the address', async () => {
    const planted = 'planted by a stranger';
    await signUp('victim', { password: planted, tenant: { slug: 'of-a-stranger', name: 'X' } });
    const [strangers] = await tokensTo('victim@new.test');
    expect(await open({ token: strangers })).toMatchObject(wrongPassword);
    expect(await test.rows(`select from users where email = 'victim@new.test'`)).toEqual([]);

    await signUp('victim');
    const [, own] = await tokensTo('victim@new.test');
    expect((await open({ token: own })).status).toBe(200);
    expect(await open({ token: strangers, password: planted })).toMatchObject(noLongerHolds);
    const login = async (password: string) =>
      (await test.post('/auth/login', { email: 'victim@new.test', password })).status;
    expect([await login(planted), await login(PASSWORD)]).toEqual([401, 200]);
  });

  it('says nothing of names and accounts without the password', async () => {
    await signUp('intercepted', { username: 'ada' });
    const [token] = await tokensTo('intercepted@new.test');
    expect(await open({ token, password: 'a guess of somebody' })).toMatchObject(wrongPassword);
    expect(await open({ token, password: PASSWORD })).toMatchObject({ status: 409 });
  });

  it('is void after ten wrong passwords, of however many at once, at one evaluation each', async () => {
    await signUp('guessed');
    const [token] = await tokensTo('guessed@new.test');
    let evaluations = 0;
    const counted: FlowDeps = {
      ...test.flows,
      passwords: {
        ...test.flows.passwords,
        verify: (...asked) => ((evaluations += 1), test.flows.passwords.verify(...asked)),
      },
    };
    const wanted = { token: token!, username: null, tenantSlug: null };
    const codes = await Promise.all(
      Array.from({ length: 15 }, (_, n) =>
        verifyEmail({ ...wanted, password: `guess ${n}` }, originOf(anonymous), counted).then(
          () => 'verified',
          ({ code }: { code: string }) => code,
        ),
      ),
    );
    expect(codes.sort()).toEqual([
      ...Array<string>(10).fill('BAD_USER_INPUT'),
      ...Array<string>(5).fill('UNAUTHENTICATED'),
    ]);
    expect(evaluations).toBe(10);
    await test.advance('23 hours');
    expect(await open({ token })).toMatchObject(noLongerHolds);
    expect((await test.audit(null)).at(-1)).toMatchObject({
      action: 'identity.verify-email',
      outcome: 'refused',
      reason: 'too many wrong passwords',
    });
  });

  it('is not used up by right passwords, nor by a machine with too much to do', async () => {
    await signUp('patient', { username: 'ada' });
    const [token] = await tokensTo('patient@new.test');
    const passwords = { ...test.flows.passwords, verify: () => Promise.reject(new TooManySignIns()) };
    const wanted = { token: token!, password: PASSWORD, username: null, tenantSlug: null };
    for (let n = 0; n < 25; n++)
      await expect(verifyEmail(wanted, originOf(anonymous), { ...test.flows, passwords })).rejects.toThrow(
        TooManySignIns,
      );
    for (let n = 0; n < 12; n++) expect((await open({ token })).status).toBe(409);
    expect((await open({ token, username: 'patient' })).status).toBe(200);
  });

  it('is good for 24 hours', async () => {
    await signUp('punctual');
    await signUp('late');
    await test.advance('23 hours 59 minutes');
    expect((await open({ token: (await tokensTo('punctual@new.test'))[0] })).status).toBe(200);
    await test.advance('2 minutes');
    expect(await open({ token: (await tokensTo('late@new.test'))[0] })).toMatchObject(noLongerHolds);
  });

  it('ends every other sign-up of the address, in whatever spelling it was made', async () => {
    await signUp('twin', { email: 'twin@new.test', tenant: { slug: 'twin-one', name: 'One' } });
    await signUp('twin', { email: ' TWIN\uff20new.test', tenant: { slug: 'twin-two', name: 'Two' } });
    const [one, two] = await tokensTo('twin@new.test');
    expect((await open({ token: two })).status).toBe(200);
    expect(await open({ token: one })).toMatchObject(noLongerHolds);
    expect(await test.rows(`select from users where email like 'twin%'`)).toHaveLength(1);
  });

  it('makes one account of two links of one address that are opened at once', async () => {
    for (const slug of ['race-one', 'race-two']) await signUp('race', { tenant: { slug, name: slug } });
    const tokens = await tokensTo('race@new.test');
    const answers = await Promise.all([...tokens, ...tokens].map((token) => open({ token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    expect(await test.rows(`select from tenants where slug like 'race-%'`)).toHaveLength(1);
  });

  it('goes on working when a name was taken meanwhile, with another name', async () => {
    await signUp('first', { username: 'wanted', tenant: { slug: 'wanted', name: 'First' } });
    await signUp('second', { username: 'wanted', tenant: { slug: 'wanted', name: 'Second' } });
    await open({ token: (await tokensTo('first@new.test'))[0] });
    const [token] = await tokensTo('second@new.test');
    const conflict = (message: string) => ({ status: 409, body: { error: { code: 'CONFLICT', message } } });
    expect(await open({ token })).toMatchObject(conflict('That user name is taken. Choose another one.'));
    expect(await open({ token, username: 'other' })).toMatchObject(
      conflict('There is a tenant "wanted" already. Choose another one.'),
    );
    expect(await open({ token, username: 'other', tenantSlug: 'other' })).toMatchObject({
      status: 200,
      body: { email: 'second@new.test', username: 'other', tenantSlug: 'other' },
    });
    expect(await test.rows(`select from users where username = 'other' or username = 'wanted'`)).toHaveLength(2);
  });

  it('looks up 20 names a day at most: the list of them cannot be read with it', async () => {
    await signUp('curious');
    const [token] = await tokensTo('curious@new.test');
    const answers = [];
    for (let n = 0; n < 21; n++) answers.push((await open({ token, username: 'ada' })).body.error.code);
    expect(answers).toEqual([...Array<string>(20).fill('CONFLICT'), 'RATE_LIMITED']);
    expect((await open({ token, username: 'free-for-sure' })).body.error.code).toBe('RATE_LIMITED');
  });

  it('is void once somebody who vouches for the address has made its account', async () => {
    await signUp('vouched');
    const person = { email: 'vouched@new.test', displayName: 'Vouched', password: PASSWORD, tenant: 'acme' };
    await test.identity.administration.createUser({ ...person, roles: ['viewer'] });
    expect(await open({ token: (await tokensTo('vouched@new.test'))[0] })).toMatchObject(noLongerHolds);
  });

  it('tells whoever owns the address by now that they have an account', async () => {
    await signUp('invited');
    await test.rows(
      `insert into users (id, email, display_name) values (gen_random_uuid(), 'invited@new.test', 'By invitation')`,
    );
    expect(await open({ token: (await tokensTo('invited@new.test'))[0] })).toMatchObject({
      status: 409,
      body: { error: { code: 'CONFLICT', message: 'This address has an account already: sign in with it.' } },
    });
  });
});

describe('An address', () => {
  it('makes one account, in whatever spelling somebody signs up with it', async () => {
    const spelling = fc
      .tuple(
        fc.constantFrom('', ' ', '\t', '\u00a0', '\u3000'),
        fc.mixedCase(fc.constant('many@new.test')),
        fc.constantFrom('@', '\uff20', '\ufe6b'),
        fc.boolean(),
      )
      .map(([space, address, at, isWide]) => {
        const spelled = `${space}${address.replace('@', at)}${space}`;
        return isWide ? spelled.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)) : spelled;
      });
    fc.assert(
      fc.property(spelling, (email) => {
        expect(registerInput.shape.email.parse(email)).toBe('many@new.test');
      }),
    );
    await fc.assert(
      fc.asyncProperty(spelling, async (email) => {
        await signUp('many', { email });
        const [token] = (await tokensTo('many@new.test')).slice(-1);
        await open({ token, tenantSlug: `many-${await users()}` });
        expect(await users()).toBe(1);
        await test.advance('61 minutes');
      }),
      { numRuns: 8 },
    );
    expect(await kindsTo('many@new.test')).toEqual(['verify-email', ...Array<string>(7).fill('account-exists')]);

    async function users(): Promise<number> {
      const all = await test.rows<{ email: string }>('select email from users');
      return all.filter(({ email }) => canonicalLogin(email) === 'many@new.test').length;
    }
  });
});
