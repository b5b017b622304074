import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const refused = { status: 401, body: { error: { code: 'UNAUTHENTICATED', message: 'Sign in again.' } } };
const refresh = (refreshToken: string) => test.post('/auth/refresh', { refreshToken });
const signIn = async () => (await test.post('/auth/login', { username: 'ada', password: DEMO_PASSWORD })).body;
const sessionOf = (tokens: { accessToken: string }): string =>
  (jwt.decode(tokens.accessToken) as jwt.JwtPayload)['sid'];
const revokedSessions = async () =>
  (await test.identity.ports.revocations.since(0, 0, new AbortController().signal)).revocations.map(({ id }) => id);

describe('A refresh token', () => {
  it('is traded for a new pair of the same session', async () => {
    const first = await signIn();
    const second = await refresh(first.refreshToken);
    expect(second).toMatchObject({ status: 200, body: { tokenType: 'Bearer', expiresIn: 900 } });
    expect(second.body.refreshToken).not.toBe(first.refreshToken);
    expect(sessionOf(second.body)).toBe(sessionOf(first));
    expect((await refresh(second.body.refreshToken)).status).toBe(200);
  });

  it('gives one new refresh token to 50 who present it at once, and an access token to all', async () => {
    const first = await signIn();
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(first.refreshToken)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.every(({ body }) => sessionOf(body) === sessionOf(first))).toBe(true);
    const successors = answers.flatMap(({ body }) => body.refreshToken ?? []);
    expect(successors).toHaveLength(1);
    expect((await refresh(successors[0]!)).body.refreshToken).toEqual(expect.any(String));
  });

  it('ends every token of its session when it comes back after more than 10 seconds', async () => {
    const first = await signIn();
    const second = (await refresh(first.refreshToken)).body;
    await test.advance('11 seconds');
    expect(await refresh(first.refreshToken)).toMatchObject(refused);
    expect(await refresh(second.refreshToken)).toMatchObject(refused);
    expect(await revokedSessions()).toContain(sessionOf(first));
  });

  it('ends its session when it comes back after its successor was spent, even within the 10 seconds', async () => {
    const first = await signIn();
    const second = (await refresh(first.refreshToken)).body;
    const third = (await refresh(second.refreshToken)).body;
    expect(await refresh(first.refreshToken)).toMatchObject(refused);
    expect(await refresh(third.refreshToken)).toMatchObject(refused);
  });

  it('ends nothing but its own session', async () => {
    const [ours, theirs] = [await signIn(), await signIn()];
    await refresh(ours.refreshToken);
    await test.advance('11 seconds');
    await refresh(ours.refreshToken);
    expect((await refresh(theirs.refreshToken)).status).toBe(200);
  });

  it('is over after 30 days without use, and its session after 90 days of it', async () => {
    const unused = await signIn();
    let used = await signIn();
    for (let day = 20; day < 90; day += 20) {
      await test.advance('20 days');
      used = (await refresh(used.refreshToken)).body;
      expect(used.refreshToken).toEqual(expect.any(String));
    }
    expect(await refresh(unused.refreshToken)).toMatchObject(refused);
    await test.advance('11 days');
    expect(await refresh(used.refreshToken)).toMatchObject(refused);
  });

  it('is refused while the membership is ended', async () => {
    const { refreshToken } = (await test.post('/auth/login', { username: 'bob', password: DEMO_PASSWORD })).body;
    await test.rows(`update memberships set status = 'ended' where user_id = $1`, [await test.userId('bob')]);
    expect(await refresh(refreshToken)).toMatchObject(refused);
  });

  it('is refused in the same words when nobody ever had it', async () => {
    expect(await refresh('never issued')).toMatchObject(refused);
  });

  it('is not in the database', async () => {
    const { refreshToken } = await signIn();
    const [dump] = await test.rows<{ text: string }>(
      'select string_agg(t::text, chr(10)) as text from refresh_tokens t',
    );
    expect(dump!.text).not.toContain(refreshToken);
    expect(dump!.text).not.toContain(Buffer.from(refreshToken).toString('hex'));
  });
});

describe('Signing out', () => {
  it('ends the session with every token of it, and tells the gateways', async () => {
    const first = await signIn();
    const second = (await refresh(first.refreshToken)).body;
    expect(await test.post('/auth/logout', second)).toMatchObject({ status: 400 });
    expect(await test.post('/auth/logout', { refreshToken: second.refreshToken })).toMatchObject({
      status: 200,
      body: { signedOut: true },
    });
    expect(await refresh(second.refreshToken)).toMatchObject(refused);
    expect(await revokedSessions()).toContain(sessionOf(first));
  });

  it('answers the same for a token nobody ever had', async () => {
    expect(await test.post('/auth/logout', { refreshToken: 'never issued' })).toMatchObject({
      status: 200,
      body: { signedOut: true },
    });
  });
});
