import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { hostSubgraph, securityEvents } from '@inevitable/kit/host';
import { openIdentity } from '../../open-identity.js';
import { TooManySignIns } from '../../passwords/passwords.js';
import { claimAttempts } from '../../throttling/claim-attempts.js';
import { openSystemDatabase } from '../../store/system-database.js';
import { loginClient, type LoginFrom } from '../../testing/login-client.js';
import { anonymous, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';
import type { FlowDeps } from '../flow-deps.js';
import { signInAttempts } from './sign-in-attempts.js';

const WRONG = 'wrong';
const RIGHT = 'right';

let test: TestIdentity;
let flows: FlowDeps;
/** How often a password was compared; comparing costs nothing here, so that a test can do it often. */
let evaluations = 0;
beforeAll(async () => {
  test = await openTestIdentity();
  flows = {
    ...test.flows,
    passwords: {
      hash: test.flows.passwords.hash,
      verify: async (stored, password) => ((evaluations += 1), stored !== null && password === RIGHT),
    },
  };
  await test.rows(`update users set status = 'disabled' where username = 'gus'`);
});
afterAll(() => test.close());
beforeEach(async () => {
  evaluations = 0;
  await test.advance('15 minutes');
});

const login = (who: object, from?: LoginFrom, deps = flows) => loginClient(deps)({ password: WRONG, ...who }, from);
const times = async <T>(count: number, act: (n: number) => Promise<T>): Promise<T[]> => {
  const answers: T[] = [];
  for (let n = 0; n < count; n++) answers.push(await act(n));
  return answers;
};
const statuses = (answers: readonly { status: number }[]): number[] => answers.map(({ status }) => status);
/** So many tries from addresses, counted as wrong sign-ins are. */
const spend = (count: number, addressOf: (n: number) => string) =>
  Promise.all(
    Array.from({ length: count }, (_, n) =>
      claimAttempts(test.flows.db.rows, signInAttempts('', null, addressOf(n)).ofAddress),
    ),
  );
const tenRefused = Array.from({ length: 10 }, () => 401);
const tooMany = {
  status: 429,
  body: { error: { code: 'RATE_LIMITED', message: 'Too many attempts. Try again in 15 minutes.' } },
};

describe('After ten wrong sign-ins at one login', () => {
  it.each([
    ['a person', 'ada'],
    ['nobody', 'nobody'],
    ['a disabled person', 'gus'],
  ])('further ones are refused until 15 minutes are over, the same for %s', async (_whose, username) => {
    expect(statuses(await times(10, () => login({ username })))).toEqual(tenRefused);
    const refused = await login({ username });
    expect(refused).toMatchObject(tooMany);
    expect(Number(refused.retryAfter)).toBeGreaterThan(890);
    expect(Number(refused.retryAfter)).toBeLessThanOrEqual(900);
    expect(await login({ username, password: RIGHT })).toMatchObject(tooMany);
    expect(evaluations).toBe(10);
    await test.advance('15 minutes');
    expect((await login({ username })).status).toBe(401);
  });

  it('another login is not refused', async () => {
    await times(11, () => login({ username: 'ada' }));
    expect((await login({ username: 'bob', password: RIGHT })).status).toBe(200);
  });

  it('no other spelling of it helps', async () => {
    const spellings = ['ada@acme.test', 'ADA@acme.test', ' ada@acme.test ', 'ada\uff20acme.test', 'Ada@ACME.test'];
    await times(10, (n) => login({ email: spellings[n % spellings.length] }));
    for (const email of spellings) expect(await login({ email })).toMatchObject(tooMany);
  });

  it('a restart does not help, nor another instance', async () => {
    await times(10, () => login({ username: 'ada' }));
    const another = await openIdentity(test.settings);
    const { entitlements } = another.ports;
    const host = hostSubgraph(another.subgraph, { database: null, entitlements, events: null, log: test.settings.log });
    const body = JSON.stringify({ username: 'ada', password: WRONG });
    const answer = await host.fetch(new Request('http://stack.test/auth/login', { method: 'POST', body }), anonymous);
    expect({ status: answer.status, body: await answer.json() }).toEqual(tooMany);
    await another.close();
  });

  it('the audit has the first of the others, and no more of them', async () => {
    const refusals = async () =>
      (await test.audit(null)).filter(({ reason }) => /^too many|RATE_LIMITED/.test(reason ?? '')).length;
    const before = await refusals();
    await times(15, () => login({ username: 'ada' }, { address: '203.0.113.9' }));
    expect(await refusals()).toBe(before + 1);
  });
});

describe('Half a sign-in', () => {
  it('is a try at its login, so that nobody has more than ten of them in 15 minutes', async () => {
    const userId = await test.userId('root');
    await test.rows(`insert into totp_factors (user_id, sealed_secret, confirmed_at) values ($1, '', stack_now())`, [
      userId,
    ]);
    const from = { address: '203.0.113.13' };
    const half = () => login({ username: 'root', password: RIGHT }, from);
    for (const { status, body } of await times(10, half))
      expect([status, body.error.code]).toEqual([401, 'SECOND_FACTOR_REQUIRED']);
    expect(await half()).toMatchObject(tooMany);
    await spend(99, () => from.address); // but none at its address
    expect((await login({ username: 'bob' }, from)).status).toBe(401);
    await test.rows('delete from totp_factors');
  });
});

describe('The log', () => {
  it('has every sign-in as a security event with a name that stays', async () => {
    const told: object[] = [];
    const log = { info: (line: object) => told.push(line), warn: (line: object) => told.push(line) };
    const logged = { ...flows, securityEvent: securityEvents(log as unknown as FlowDeps['log']) };
    await login({ username: 'ada', password: RIGHT }, {}, logged);
    await login({ username: 'nobody' }, {}, logged);
    await times(11, () => login({ username: 'ada' }, {}, logged));
    expect(told[0]).toMatchObject({ security: true, event: 'sign-in granted', userId: await test.userId('ada') });
    expect(told[1]).toEqual({ security: true, event: 'sign-in refused', reason: 'unknown login', userId: null });
    expect(told.at(-1)).toEqual({ security: true, event: 'sign-in throttled', knownDevice: false });
  });
});

describe('A hundred wrong sign-ins at once', () => {
  it('to two instances are ten evaluations', async () => {
    const db = openSystemDatabase(test.urlOf('system'));
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => login({ username: 'ada' }, {}, n % 2 ? flows : { ...flows, db })),
    );
    expect(evaluations).toBe(10);
    expect(statuses(answers).filter((status) => status === 401)).toHaveLength(10);
    expect(statuses(answers).filter((status) => status === 429)).toHaveLength(90);
    await db.close();
  });
});

describe('Wrong sign-ins from one address', () => {
  it('are refused after a hundred, whatever logins they try', async () => {
    const from = { address: '203.0.113.7' };
    await times(100, (n) => login({ username: `guess-${n}` }, from));
    expect(await login({ username: 'ada' }, from)).toMatchObject(tooMany);
    expect((await login({ username: 'ada' }, { address: '203.0.113.8' })).status).toBe(401);
    expect(await login({ username: 'ada' }, { address: '::ffff:203.0.113.7' })).toMatchObject(tooMany);
  });

  it('are those of its whole network of 64 bits in IPv6', async () => {
    await spend(99, (n) => `2001:db8:1:2::${n.toString(16)}`);
    expect((await login({ username: 'bob' }, { address: '2001:db8:1:2:abc::' })).status).toBe(401);
    expect(await login({ username: 'ada' }, { address: '2001:db8:1:2:ffff::1' })).toMatchObject(tooMany);
    expect((await login({ username: 'ada' }, { address: '2001:db8:1:3::1' })).status).toBe(401);
  });

  it('do not count those that were refused already', async () => {
    const from = { address: '203.0.113.10' };
    await spend(89, () => from.address);
    expect(statuses(await times(13, () => login({ username: 'ada' }, from)))).toEqual([...tenRefused, 429, 429, 429]);
    expect(statuses(await times(2, () => login({ username: 'bob' }, from)))).toEqual([401, 429]);
  });
});

describe('What is not counted', () => {
  it('is a right password, however often', async () => {
    const from = { address: '203.0.113.11' };
    await times(9, () => login({ username: 'ada' }, from));
    expect(statuses(await times(20, () => login({ username: 'ada', password: RIGHT }, from)))).toEqual(
      Array.from({ length: 20 }, () => 200),
    );
    expect(statuses(await times(2, () => login({ username: 'ada' }, from)))).toEqual([401, 429]);
  });

  it('is a sign-in that nothing was computed for', async () => {
    const verify = () => Promise.reject(new TooManySignIns());
    const busy = { ...flows, passwords: { ...flows.passwords, verify } };
    expect(statuses(await times(20, () => login({ username: 'ada' }, {}, busy)))).toEqual(
      Array.from({ length: 20 }, () => 503),
    );
    expect((await login({ username: 'ada' })).status).toBe(401);
  });
});

describe('A device somebody signed in from before', () => {
  const known = async (username: string) =>
    (await login({ username, password: RIGHT }, { address: '192.0.2.1' })).cookie!;

  it('signs its owner in while others guess at the account, from the same address too', async () => {
    const cookie = await known('ada');
    const from = { address: '203.0.113.12' };
    await times(10, () => login({ username: 'ada' }));
    await spend(100, () => from.address);
    expect((await login({ username: 'bob', password: RIGHT }, from)).status).toBe(429);
    expect(await login({ username: 'ada', password: RIGHT }, from)).toMatchObject(tooMany);
    expect((await login({ username: 'ada', password: RIGHT }, { ...from, cookie })).status).toBe(200);
  });

  it('has ten wrong sign-ins of its own', async () => {
    const cookie = await known('ada');
    expect(statuses(await times(10, () => login({ username: 'ada' }, { cookie })))).toEqual(tenRefused);
    expect(await login({ username: 'ada', password: RIGHT }, { cookie })).toMatchObject(tooMany);
    expect((await login({ username: 'ada', password: RIGHT })).status).toBe(200);
  });

  it('is none of anybody else, and none when its token was made up', async () => {
    const cookie = await known('bob');
    await times(10, () => login({ username: 'ada' }));
    for (const presented of [cookie, `inevitable-device=${'x'.repeat(43)}`, 'inevitable-device=short'])
      expect(await login({ username: 'ada', password: RIGHT }, { cookie: presented })).toMatchObject(tooMany);
  });

  it('keeps its token, and gives it to nobody who signs in there later', async () => {
    const cookie = await known('ada');
    expect((await login({ username: 'ada', password: RIGHT }, { cookie })).cookie).toBe(cookie);
    expect((await login({ username: 'bob', password: RIGHT }, { cookie })).cookie).not.toBe(cookie);
  });

  it('is forgotten after 180 days without a sign-in', async () => {
    const cookie = await known('ada');
    await test.advance('181 days');
    await times(10, () => login({ username: 'ada' }));
    expect(await login({ username: 'ada', password: RIGHT }, { cookie })).toMatchObject(tooMany);
  });

  it('is known by a cookie that no script reads, no other site sends, and https alone carries where there is https', async () => {
    const plain = await login({ username: 'ada', password: RIGHT });
    expect(plain.headers.get('set-cookie')).toMatch(
      /^inevitable-device=[\w-]{43}; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Strict$/,
    );
    const secured = { ...flows, publicUrl: 'https://stack.test' };
    const secure = await login({ username: 'ada', password: RIGHT }, {}, secured);
    expect(secure.headers.get('set-cookie')).toMatch(
      /^__Host-inevitable-device=[\w-]{43}; Path=\/; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure$/,
    );
    const again = await login({ username: 'ada', password: RIGHT }, { cookie: `a=b; ${secure.cookie}; c=d` }, secured);
    expect(again.cookie).toBe(secure.cookie);
    expect(Object.keys(again.body).sort()).toEqual(['accessToken', 'expiresIn', 'refreshToken', 'tokenType']);
  });

  it('is known by a token where there are no cookies', async () => {
    const signIn = `mutation ($input: SignInInput!) { signIn(input: $input) { deviceToken } }`;
    const input = { username: 'root', password: 'correct horse' };
    const { deviceToken } = (await test.ask(signIn, anonymous, { input })).data.signIn;
    expect(deviceToken).toMatch(/^[\w-]{43}$/);
    await times(10, () => login({ username: 'root' }));
    expect((await test.ask(signIn, anonymous, { input })).errors[0].extensions).toEqual({
      code: 'RATE_LIMITED',
      retryAfterSeconds: expect.any(Number),
    });
    expect((await test.ask(signIn, anonymous, { input: { ...input, deviceToken } })).data).toEqual({
      signIn: { deviceToken },
    });
  });
});
