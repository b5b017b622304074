import { describe, expect, it } from '@jest/globals';
// @ts-expect-error -- plain JavaScript of the page
import { createSession } from './session.js';
// @ts-expect-error -- plain JavaScript of the page
import { askAs } from './fetcher.js';
// @ts-expect-error -- plain JavaScript of the page
import { followProblems } from './follow-problems.js';

type Answer = { status: number; body: unknown };

/** A page on which somebody may sign in; `posted`: what it has asked. */
function page({ answers = {}, kept = null }: { answers?: Record<string, Answer[]>; kept?: unknown } = {}) {
  let clock = 1_000_000;
  let issued = 0;
  const posted: [string, object][] = [];
  const tokens = (): Answer => {
    issued += 1;
    return { status: 200, body: { accessToken: `a${issued}`, refreshToken: `r${issued}`, expiresIn: 600 } };
  };
  const post = async (path: string, body: object): Promise<Answer> => {
    posted.push([path, body]);
    return answers[path]?.shift() ?? (path === '/auth/logout' ? { status: 200, body: {} } : tokens());
  };
  const session = createSession({ post, kept, now: () => clock });
  const ada = { email: 'ada@acme.test', password: 'secret' };
  return { session, posted, ada, advance: (seconds: number) => void (clock += seconds * 1_000) };
}

describe('Who is signed in on the GraphiQL page', () => {
  it('asks with a token that holds, and renews it shortly before it ends', async () => {
    const { session, posted, ada, advance } = page();
    expect(await session.accessToken()).toBeNull();
    expect(await session.signIn(ada)).toEqual({ kind: 'signedIn' });
    expect([session.email, await session.accessToken()]).toEqual(['ada@acme.test', 'a1']);
    advance(571);
    expect(await Promise.all([session.accessToken(), session.accessToken()])).toEqual(['a2', 'a2']);
    expect(posted).toEqual([
      ['/auth/login', ada],
      ['/auth/refresh', { refreshToken: 'r1' }],
    ]);
  });

  it('is asked for a tenant when there are several, and told why signing in was refused', async () => {
    const refusal = (code: string, message: string): Answer => ({ status: 400, body: { error: { code, message } } });
    const { session, ada } = page({
      answers: { '/auth/login': [refusal('BAD_USER_INPUT', 'Name one.'), refusal('UNAUTHENTICATED', 'Wrong.')] },
    });
    expect(await session.signIn(ada)).toEqual({ kind: 'tenantNeeded', message: 'Name one.' });
    expect(await session.signIn({ ...ada, tenant: 'acme' })).toEqual({ kind: 'refused', message: 'Wrong.' });
    expect(session.email).toBeNull();
  });

  it('goes on after the page was loaded anew, and is nobody once the session is over', async () => {
    const before = page();
    await before.session.signIn(before.ada);
    const { session } = page({
      kept: before.session.kept,
      answers: { '/auth/refresh': [{ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } }] },
    });
    expect(await session.accessToken()).toBe('a1');
    expect(await session.otherToken('a1')).toBeNull();
    expect([session.email, session.kept]).toEqual([null, null]);
  });

  it('stays signed in while the server cannot answer', async () => {
    const { session, ada, advance } = page({ answers: { '/auth/refresh': [{ status: 503, body: {} }] } });
    await session.signIn(ada);
    advance(599);
    expect(await session.accessToken()).toBe('a1');
    expect(await session.accessToken()).toBe('a2');
  });

  it('is nobody after signing out, and the server is told', async () => {
    const { session, posted, ada } = page();
    let changes = 0;
    session.onChange(() => (changes += 1));
    await session.signIn(ada);
    await session.signOut();
    expect([session.email, await session.accessToken(), changes]).toEqual([null, null, 2]);
    expect(posted.at(-1)).toEqual(['/auth/logout', { refreshToken: 'r1' }]);
  });
});

describe('An operation of the GraphiQL page', () => {
  const gateway = (statuses: number[]) => {
    const seen: (string | null)[] = [];
    const ask = async (_url: string, { headers, credentials }: { headers: Headers; credentials: string }) => {
      seen.push(`${headers.get('authorization')} ${credentials}`);
      return { status: statuses.shift() ?? 200 };
    };
    return { seen, ask };
  };

  it('is asked with the token, once more with another when that is not believed, and never with cookies', async () => {
    const { session, ada } = page();
    await session.signIn(ada);
    const { seen, ask } = gateway([401]);
    expect(await askAs(session, ask)('/graphql', { headers: {} })).toEqual({ status: 200 });
    expect(seen).toEqual(['Bearer a1 omit', 'Bearer a2 omit']);
  });

  it('is never asked again in the name of somebody who signed in meanwhile', async () => {
    const { session, ada } = page();
    await session.signIn(ada);
    const { seen, ask } = gateway([401]);
    const meanwhile = async (url: string, init: { headers: Headers; credentials: string }) => {
      await session.signOut();
      await session.signIn({ ...ada, email: 'gus@globex.test' });
      return ask(url, init);
    };
    expect(await askAs(session, meanwhile)('/graphql', { headers: {} })).toEqual({ status: 401 });
    expect(seen).toEqual(['Bearer a1 omit']);
    expect(session.email).toBe('gus@globex.test');
  });

  it('is asked anonymously when somebody else signed in while its token was renewed', async () => {
    const { session, ada, advance } = page();
    await session.signIn(ada);
    advance(599);
    const { seen, ask } = gateway([]);
    const asked = askAs(session, ask)('/graphql', { headers: {} });
    await session.signOut();
    await session.signIn({ ...ada, email: 'gus@globex.test' });
    await asked;
    expect(seen).toEqual(['null omit']);
  });

  it('is asked with what the headers editor says, where that names somebody else', async () => {
    const { session, ada } = page();
    await session.signIn(ada);
    const { seen, ask } = gateway([401]);
    expect(await askAs(session, ask)('/graphql', { headers: { Authorization: 'Bearer mine' } })).toEqual({
      status: 401,
    });
    expect(seen).toEqual(['Bearer mine omit']);
  });

  it('is asked anonymously when nobody is signed in', async () => {
    const { session } = page();
    const { seen, ask } = gateway([]);
    await askAs(session, ask)('/graphql', { headers: {} });
    expect(seen).toEqual(['null omit']);
  });
});

describe('What the GraphiQL page is told', () => {
  it('is each state once, a second after the last question that brought nothing; that the stack is away, and that it is there again', async () => {
    const leaving = new AbortController();
    const answers = [{ revision: '1' }, { revision: '1' }, { revision: '2' }, null, { revision: '2' }];
    const asked: (string | null)[] = [];
    const heard: unknown[] = [];
    const waited: [number, number][] = [];
    await followProblems({
      ask: async (after: string | null) => {
        asked.push(after);
        const answer = answers[asked.length - 1];
        if (!answer) throw new Error('The connection broke.');
        return answer;
      },
      onNews(news: unknown) {
        heard.push(news);
        if (asked.length === answers.length) leaving.abort();
      },
      wait: async (ms: number) => void waited.push([asked.length, ms]),
      signal: leaving.signal,
    });
    expect(asked).toEqual([null, '1', '1', '2', null]);
    expect(waited).toEqual([
      [2, 1_000], // nothing was new
      [4, 1_000], // nobody answered
    ]);
    expect(heard).toEqual([{ revision: '1' }, { revision: '2' }, null, { revision: '2' }]);
  });
});
