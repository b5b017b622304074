import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { newId } from '@inevitable/kit';
import { openSystemPool } from '@inevitable/kit/host';
import { originOf } from '../../audit/origin.js';
import { anonymous, DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';
import { claimRefreshToken } from '../../tokens/refresh-tokens.js';
import { refreshSession } from './refresh-session.js';

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

  it('tells when its session was used last', async () => {
    const { refreshToken, accessToken } = await signIn();
    await test.advance('3 hours');
    await refresh(refreshToken);
    const [session] = await test.rows(
      `select last_seen_at - auth_time >= interval '3 hours' as later from sessions where id = $1`,
      [sessionOf({ accessToken })],
    );
    expect(session).toEqual({ later: true });
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

describe('A server that dies while it trades a refresh token', () => {
  /** How many tokens of the session are spent without a successor, and how many are not spent. */
  const tokensOf = async (sessionId: string) =>
    (
      await test.rows<{ orphans: number; unspent: number }>(
        `select count(*) filter (where t.spent_at is null)::int as unspent,
           count(*) filter (where t.spent_at is not null and n.hash is null)::int as orphans
         from refresh_tokens t
           left join refresh_tokens n on n.session_id = t.session_id and n.generation = t.generation + 1
         where t.session_id = $1`,
        [sessionId],
      )
    )[0]!;

  it('before it is committed leaves the token as it was', async () => {
    const first = await signIn();
    const pool = openSystemPool('identity', test.urlOf('system'));
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query(
      `insert into refresh_tokens (hash, session_id, generation, expires_at) values ('in the way', $1, 1, stack_now())`,
      [sessionOf(first)],
    );
    const dying = claimRefreshToken(test.flows.db, first.refreshToken).catch((error: Error) => error.message);
    // The statement has spent the token, and waits where its successor is to stand: there its process is killed.
    let killed: unknown[] = [];
    for (let asked = 0; asked < 10_000 && killed.length === 0; asked++) {
      const waiting = await pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like '%update refresh_tokens%'`,
      );
      killed = waiting.rows;
    }
    expect(await dying).toMatch(/terminat/);
    await holder.query('rollback');
    holder.release();
    await pool.end();
    expect(await tokensOf(sessionOf(first))).toEqual({ unspent: 1, orphans: 0 });
    expect((await refresh(first.refreshToken)).body.refreshToken).toEqual(expect.any(String));
  });

  it('after it is committed, and before it answers, leaves a session that lives, and no lock-out', async () => {
    const first = await signIn();
    const dead = { ...test.flows, issueAccessToken: () => Promise.reject(new Error('killed')) };
    const input = { refreshToken: first.refreshToken };
    await expect(refreshSession(input, originOf(anonymous), dead)).rejects.toThrow('killed');
    expect(await tokensOf(sessionOf(first))).toEqual({ unspent: 1, orphans: 0 });
    const again = await refresh(first.refreshToken); // the client knows no other one
    expect([again.status, sessionOf(again.body)]).toEqual([200, sessionOf(first)]);
    expect((await refresh((await signIn()).refreshToken)).status).toBe(200);
  });
});

describe('A session that gets a new id', () => {
  it('while its token is traded goes on under it', async () => {
    const first = await signIn();
    const renewed = newId();
    let trading: ReturnType<typeof refresh> | null = null;
    await test.flows.db.transaction(async (rows) => {
      await rows('select from sessions where id = $1 for update', [sessionOf(first)]);
      trading = refresh(first.refreshToken);
      for (let asked = 0, waiting = 0; asked < 10_000 && !waiting; asked++)
        waiting = (
          await test.flows.db.rows(
            `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
               and query like '%update refresh_tokens%'`,
          )
        ).length;
      await rows('update sessions set id = $2 where id = $1', [sessionOf(first), renewed]);
    });
    const answer = await trading!;
    expect([answer.status, sessionOf(answer.body)]).toEqual([200, renewed]);
    expect(answer.body.refreshToken).toEqual(expect.any(String));
  });

  it('after that, and before the access token is made, goes on as well', async () => {
    const first = await signIn();
    const [before, renewed] = [sessionOf(first), newId()];
    const issued: string[] = [];
    const issueAccessToken = async (id: string) => {
      issued.push(id);
      if (id !== before) return 'of the new id';
      await test.rows('update sessions set id = $2 where id = $1', [before, renewed]);
      return null;
    };
    const input = { refreshToken: first.refreshToken };
    const outcome = await refreshSession(input, originOf(anonymous), { ...test.flows, issueAccessToken });
    expect(outcome).toMatchObject({ kind: 'granted', tokens: { accessToken: 'of the new id' } });
    expect(issued).toEqual([before, renewed]);
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
