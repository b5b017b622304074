import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { appendRevocations } from '../revocation/append-revocations.js';
import { openBriefSession } from '../tokens/sessions.js';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { removeExpired as removeExpiredOf, type RemovedExpired } from './remove-expired.js';

let test: TestIdentity;
let removeExpired: TestIdentity['identity']['maintenance']['removeExpired'];
beforeAll(async () => {
  test = await openTestIdentity();
  removeExpired = test.identity.maintenance.removeExpired;
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.rows('truncate sessions, refresh_tokens, revocations');
});

const nothing = { sessions: 0, refreshTokens: 0, revocations: 0 };
const refused = { status: 401, body: { error: { code: 'UNAUTHENTICATED', message: 'Sign in again.' } } };

const signIn = async (username = 'ada') => (await test.post('/auth/login', { username, password: DEMO_PASSWORD })).body;
const refresh = (refreshToken: string) => test.post('/auth/refresh', { refreshToken });
const signOut = (refreshToken: string) => test.post('/auth/logout', { refreshToken });
const sessionOf = (tokens: { accessToken: string }): string =>
  (jwt.decode(tokens.accessToken) as jwt.JwtPayload)['sid'];
const stored = async () =>
  (
    await test.rows<{ sessions: string[]; tokens: number }>(
      `select (select coalesce(array_agg(id::text order by id), '{}') from sessions) as sessions,
         (select count(*)::int from refresh_tokens) as tokens`,
    )
  )[0]!;
const revoked = async () =>
  (await test.identity.ports.revocations.since(0, 0, new AbortController().signal)).revocations.map(({ id }) => id);

/** Signs in and refreshes every 20 days, until the session has less than 20 days left. */
async function usedForItsWholeLife() {
  let tokens = await signIn();
  for (let day = 0; day < 80; day += 20) {
    await test.advance('20 days');
    tokens = (await refresh(tokens.refreshToken)).body;
  }
  return tokens;
}

describe('Removing what expired', () => {
  it('removes a session that was ended with every token of it, and no other', async () => {
    const [left, stays] = [await signIn(), await signIn()];
    const { refreshToken } = (await refresh(left.refreshToken)).body;
    await signOut(refreshToken);
    await test.advance('21 minutes');
    expect(await removeExpired()).toEqual({ sessions: 1, refreshTokens: 2, revocations: 1 });
    expect(await stored()).toEqual({ sessions: [sessionOf(stays)], tokens: 1 });
    expect(await removeExpired()).toEqual(nothing);
    expect((await refresh(stays.refreshToken)).status).toBe(200);
  });

  it('removes a session that was not used for 30 days, not one that was used for 80', async () => {
    const idle = await signIn();
    const used = await usedForItsWholeLife();
    expect(sessionOf(used)).not.toBe(sessionOf(idle));
    expect(await removeExpired()).toEqual({ sessions: 1, refreshTokens: 1, revocations: 0 });
    expect(await stored()).toEqual({ sessions: [sessionOf(used)], tokens: 5 });
    expect((await refresh(used.refreshToken)).status).toBe(200);
  });

  it('removes a session after its 90 days, however much it is used', async () => {
    await usedForItsWholeLife();
    await test.advance('11 days');
    expect(await removeExpired()).toEqual({ sessions: 1, refreshTokens: 5, revocations: 0 });
    expect(await stored()).toEqual({ sessions: [], tokens: 0 });
  });

  it('removes the session of an access token that an operator asked for, when the token is over', async () => {
    const [tenantId, userId] = [await test.tenantId('acme'), await test.userId('ada')];
    const sessionId = await openBriefSession(test.flows.db.rows, {
      tenantId,
      userId,
      device: null,
      address: null,
      amr: ['operator'],
    });
    await test.advance('14 minutes');
    expect(await removeExpired()).toEqual(nothing);
    expect(await stored()).toEqual({ sessions: [sessionId], tokens: 0 });
    await test.advance('22 minutes');
    expect(await removeExpired()).toEqual({ ...nothing, sessions: 1 });
  });

  it('goes on noticing the oldest stolen token of a session that lives', async () => {
    const first = await signIn();
    let latest = first;
    for (let day = 0; day < 80; day += 20) {
      await test.advance('20 days');
      latest = (await refresh(latest.refreshToken)).body;
      expect(await removeExpired()).toEqual(nothing);
    }
    expect(await refresh(first.refreshToken)).toMatchObject(refused); // 80 days old, and long expired itself
    expect(await refresh(latest.refreshToken)).toMatchObject(refused);
    expect(await revoked()).toEqual([sessionOf(first)]);
  });

  it('leaves a session for as long as its last access token lives, so that signing out ends that one too', async () => {
    const tokens = await usedForItsWholeLife();
    await test.rows(`update sessions set expires_at = stack_now() + interval '1 minute'`);
    const last = (await refresh(tokens.refreshToken)).body;
    await test.advance('14 minutes');
    expect(await removeExpired()).toEqual(nothing);
    await signOut(last.refreshToken);
    expect(await revoked()).toEqual([sessionOf(last)]);
  });

  it('answers for a token as before, whether its session is removed or only over', async () => {
    const tokens = await signIn();
    await signOut(tokens.refreshToken);
    const before = [await refresh(tokens.refreshToken), await signOut(tokens.refreshToken)];
    await test.advance('21 minutes');
    expect(await removeExpired()).toEqual({ sessions: 1, refreshTokens: 1, revocations: 1 });
    const after = [await refresh(tokens.refreshToken), await signOut(tokens.refreshToken)];
    const seen = ({ status, body }: (typeof before)[number]) => ({ status, body });
    expect(after.map(seen)).toEqual(before.map(seen));
  });

  it('keeps the live sessions of a suspended tenant, which go on when it does', async () => {
    const [ended, live] = [await signIn('gus'), await signIn('gus')];
    await signOut(ended.refreshToken);
    await test.rows(`update tenants set status = 'suspended' where slug = 'globex'`);
    await test.advance('21 minutes');
    expect(await removeExpired()).toMatchObject({ sessions: 1, refreshTokens: 1 });
    await test.rows(`update tenants set status = 'active' where slug = 'globex'`);
    expect((await refresh(live.refreshToken)).status).toBe(200);
  });

  it('removes from the revocation feed only what it does not tell any more, and keeps its position', async () => {
    const append = (id: string) => test.flows.db.transaction((rows) => appendRevocations(rows, 'session', [id]));
    await append('older');
    await test.advance('15 minutes');
    await append('newer');
    await test.advance('6 minutes');
    const patient = new AbortController().signal;
    const before = await test.identity.ports.revocations.since(0, 0, patient);
    expect(await removeExpired()).toEqual({ ...nothing, revocations: 1 });
    expect(await test.identity.ports.revocations.since(0, 0, patient)).toEqual(before);
    expect(before.revocations).toMatchObject([{ id: 'newer' }]);
    await test.advance('15 minutes');
    expect(await removeExpired()).toEqual({ ...nothing, revocations: 1 });
    expect(await test.identity.ports.revocations.since(0, 0, patient)).toEqual({ ...before, revocations: [] });
  });

  it('removes what sign-ins left, once it counts for nothing any more, and not before', async () => {
    const left = async () =>
      (
        await test.rows(
          `select (select count(*)::int from throttles) as throttles, (select count(*)::int from known_devices) as devices,
             (select count(*)::int from sign_in_challenges) as challenges`,
        )
      )[0];
    await test.rows('truncate throttles, known_devices, sign_in_challenges');
    await signIn();
    await test.rows(
      `insert into sign_in_challenges (hash, user_id, tenant_id, expires_at) values ('a', $1, $2, stack_now() + interval '5 minutes')`,
      [await test.userId('ada'), await test.tenantId('acme')],
    );
    await test.advance('4 minutes');
    await removeExpired();
    expect(await left()).toEqual({ throttles: 1, devices: 1, challenges: 1 });
    await test.advance('11 minutes');
    await removeExpired();
    expect(await left()).toEqual({ throttles: 0, devices: 1, challenges: 0 });
    await test.advance('180 days');
    await removeExpired();
    expect(await left()).toEqual({ throttles: 0, devices: 0, challenges: 0 });
  });

  it('reaches everything, however much there is, and does it once when several run at once', async () => {
    const live = await signIn();
    await test.rows(
      `with many as (
         insert into sessions (id, tenant_id, user_id, amr, expires_at)
         select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, $1, $2, '{pwd}', stack_now() - interval '1 hour'
         from generate_series(1, 5200) n returning id)
       insert into refresh_tokens (hash, session_id, generation, expires_at, spent_at)
       select sha256(convert_to(id || ' ' || n, 'UTF8')), id, n, stack_now() - interval '1 hour', case when n < 2 then stack_now() end
       from many, generate_series(0, 2) n`,
      [await test.tenantId('acme'), await test.userId('ada')],
    );
    await test.rows(
      `insert into revocations (sequence, subject, id, created_at)
       select -n, 'session', n, stack_now() - interval '1 hour' from generate_series(1, 5100) n`,
    );
    const runs = await Promise.all([removeExpired(), removeExpired(), removeExpired()]);
    const sum = (kind: keyof RemovedExpired) => runs.reduce((total, run) => total + run[kind], 0);
    expect({ sessions: sum('sessions'), refreshTokens: sum('refreshTokens'), revocations: sum('revocations') }).toEqual(
      {
        sessions: 5_200,
        refreshTokens: 15_600,
        revocations: 5_100,
      },
    );
    expect(await stored()).toEqual({ sessions: [sessionOf(live)], tokens: 1 });
  });

  it('finishes what a run left behind whose connection was lost, at whatever statement', async () => {
    const statements = 7;
    for (let sent = 0; sent <= statements; sent++) {
      const idle = await signIn();
      await refresh((await refresh(idle.refreshToken)).body.refreshToken);
      await test.advance('31 days');
      let left = sent;
      const rows: typeof test.flows.db.rows = (statement, values) =>
        left-- > 0 ? test.flows.db.rows(statement, values) : Promise.reject(new Error('the connection is lost'));
      const broken = removeExpiredOf({ ...test.flows.db, rows });
      if (sent < statements) await expect(broken).rejects.toThrow('the connection is lost');
      else expect(await broken).toEqual({ sessions: 1, refreshTokens: 3, revocations: 0 });
      await removeExpired();
      expect(await stored()).toEqual({ sessions: [], tokens: 0 });
    }
  });

  it('stops between two steps when it is told to', async () => {
    await expect(removeExpired(AbortSignal.abort(new Error('the worker stops')))).rejects.toThrow('the worker stops');
  });
});
