import { beforeAll, describe, expect, it } from '@jest/globals';
import { stackMode, until, type TestStack } from '../support/test-stack.js';

export function describeHealth(running: () => TestStack): void {
  let stack: TestStack;
  beforeAll(() => {
    stack = running();
  });

  interface Report {
    status: string;
    parts: { name: string; ready: boolean; reason: string | null }[];
  }
  const get = async (path: string) => {
    const response = await fetch(stack.url + path);
    return { status: response.status, body: (await response.json()) as Report & { ready?: boolean } };
  };

  describe('Health', () => {
    // A gateway that was there before operations says so, until it hears of it.
    beforeAll(() =>
      until('every part is heard', async () => (await get('/ready')).body.parts.every(({ reason }) => reason === null)),
    );

    it('/live says that the process runs', async () => {
      expect((await get('/live')).status).toBe(200);
    });

    it.each(['/ready', '/health'])('%s names every part, each ready or with its reason', async (path) => {
      const { status, body } = await get(path);
      expect(status).toBe(200);
      expect(body.status).toBe('ready');
      expect(body.parts).not.toEqual([]);
      for (const part of body.parts) expect(part).toEqual({ name: expect.any(String), ready: true, reason: null });
    });

    it('/health covers core-identity and every subgraph', async () => {
      expect((await get('/health')).body.parts.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['identity', 'operations', 'platformforge', 'starter']),
      );
    });

    it.each(['/identity/health', '/operations/health', '/starter/health'])(
      '%s tells of that product alone, to anybody',
      async (path) => {
        expect(await get(path)).toMatchObject({ status: 200, body: { ready: true, reason: null } });
      },
    );

    it('an unknown path is 404 in words', async () => {
      expect(await get('/no/such/page')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    });

    if (stackMode() === 'apart') {
      it.each(['identity', 'operations'] as const)('%s tells of the worker that runs its own jobs', async (part) => {
        const { parts } = (await (await fetch(`${stack.partUrl(part)}/ready`)).json()) as Report;
        expect(parts).toContainEqual({ name: 'worker', ready: true, reason: null });
      });

      it('names the subgraph that is gone, and its fields answer SUBGRAPH_UNREACHABLE beside the data of the others', async () => {
        const ada = await stack.signIn('ada@acme.test');
        stack.processOf('start subgraph starter').child.kill('SIGKILL');
        await stack.processOf('start subgraph starter').ended;
        await until('health says so', async () => (await get('/health')).status === 503);
        expect((await get('/health')).body.parts.find(({ name }) => name === 'starter')).toMatchObject({
          ready: false,
          reason: expect.any(String),
        });
        expect((await get('/starter/health')).status).toBe(503);
        const { status, body } = await ada.query(
          '{ viewer { user { email } } note(id: "01a1fdd6-6319-7103-9bae-6d0c335e3857") { id } }',
        );
        expect(status).toBe(200);
        expect(body).toMatchObject({
          data: { viewer: { user: { email: 'ada@acme.test' } }, note: null },
          errors: [{ path: ['note'], extensions: { code: 'SUBGRAPH_UNREACHABLE' } }],
        });
      });
    }
  });
}
