import { beforeAll, describe, expect, it } from '@jest/globals';
import { until, type Session, type TestStack } from '../support/test-stack.js';

interface Job {
  readonly id: string;
  readonly state: string;
}

export function describeJobs(running: () => TestStack): void {
  let stack: TestStack;
  let root: Session;
  let ada: Session;
  let bob: Session;
  beforeAll(async () => {
    stack = running();
    [root, ada, bob] = await Promise.all([
      stack.signIn('root@platform.test'),
      stack.signIn('ada@acme.test'),
      stack.signIn('bob@acme.test'),
    ]);
  });

  const write = (session: Session) => session.query('mutation { createNote(input: { text: "two words" }) { id } }');
  const JOBS = '{ jobs(filter: { name: "starter.count-words" }, first: 100) { nodes { id name state attempts } } }';
  async function seenBy(session: Session): Promise<readonly Job[]> {
    const { body } = await session.query(JOBS);
    expect(body).toEqual({ data: { jobs: { nodes: expect.any(Array) } } });
    return (body.data!['jobs'] as { nodes: Job[] }).nodes;
  }

  describe('Jobs in the graph', () => {
    it('are seen by the administrators of their tenant, and by platform administrators', async () => {
      const areOver = (jobs: readonly Job[]) => !jobs.some(({ state }) => /SCHEDULED|READY|RUNNING/.test(state));
      await until('the words of other tests were counted', async () => areOver(await seenBy(ada)));
      const before = await seenBy(ada);
      await write(bob);
      await until('the words were counted', async () => {
        const jobs = await seenBy(ada);
        return jobs.length > before.length && areOver(jobs);
      });
      const [job, ...rest] = await seenBy(ada);
      expect(job).toEqual({
        id: expect.any(String),
        name: 'starter.count-words',
        state: 'SUCCEEDED',
        attempts: 1,
      });
      expect(rest).toEqual(before);
      expect(await seenBy(root)).toContainEqual(job);
      expect((await bob.query(JOBS)).body).toMatchObject({
        data: { jobs: null },
        errors: [{ extensions: { code: 'FORBIDDEN' } }],
      });
    });

    it('are run by hand with a payload that is checked', async () => {
      const run = (payload: unknown) =>
        ada.query('mutation ($input: RunJobInput!) { runJob(input: $input) { name } }', {
          input: { name: 'starter.count-words', payload },
        });
      expect((await run({ noteId: 'none' })).body).toMatchObject({
        data: { runJob: null },
        errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'input.payload.noteId' } }],
      });
      expect((await run({ noteId: '01890000-0000-7000-8000-000000000000' })).body).toEqual({
        data: { runJob: { name: 'starter.count-words' } },
      });
    });

    it('are followed as they change', async () => {
      const leaving = new AbortController();
      let heard = '';
      const follow = async (): Promise<void> => {
        const response = await fetch(`${stack.url}/graphql`, {
          method: 'POST',
          signal: leaving.signal,
          headers: {
            accept: 'text/event-stream',
            'content-type': 'application/json',
            authorization: `Bearer ${ada.accessToken}`,
          },
          body: JSON.stringify({ query: 'subscription { jobChanged { name state } }' }),
        });
        for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) heard += chunk;
      };
      // Comes back when it was sent away, as any client of server-sent events; on a busy machine it may be.
      const following = (async () => {
        while (!leaving.signal.aborted) await follow().catch(() => undefined);
      })();
      // The answer's head may come before it listens: what happens in between is not heard.
      await until('the end of one is heard', async () => {
        await write(bob);
        return heard.includes('{"name":"starter.count-words","state":"SUCCEEDED"}');
      }).catch((error: unknown) => {
        throw new Error(`${(error as Error).message}; heard: ${heard.slice(-2_000)}`);
      });
      leaving.abort();
      await following;
    });

    it('have a page for people, which holds nothing until somebody signs in there', async () => {
      const response = await fetch(`${stack.url}/admin/jobs`);
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-/);
      const text = await response.text();
      expect(text).toContain('<title>Jobs</title>');
      for (const name of ['starter', 'acme', 'count-words']) expect(text).not.toContain(name);
    });
  });
}
