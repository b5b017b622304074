import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { stackMode, until, type Session, type TestStack } from '../support/test-stack.js';

export function describePlatforms(running: () => TestStack): void {
  let stack: TestStack;
  let ada: Session;
  let bob: Session;
  let gus: Session;
  beforeAll(async () => {
    stack = running();
    [ada, bob, gus] = (await Promise.all(
      ['ada@acme.test', 'bob@acme.test', 'gus@globex.test'].map((email) => stack.signIn(email)),
    )) as [Session, Session, Session];
  });

  const GENERATE = `mutation ($name: String!) {
  generatePlatform(input: { name: $name, template: "static-site" }) { id slug status artifact { url } }
}`;
  const PLATFORM = `query ($id: ID!) {
  platform(id: $id) { id name slug status failureReason artifact { url sizeBytes sha256 } createdBy { email } }
}`;
  const NO_ID = '01a1fdd6-6319-7103-9bae-6d0c335e3857';

  interface Platform {
    readonly id: string;
    readonly slug: string;
    readonly status: string;
    readonly artifact: { readonly url: string; readonly sizeBytes: number; readonly sha256: string } | null;
  }

  async function generate(by: Session, name: string): Promise<string> {
    const { body } = await by.query(GENERATE, { name });
    expect(body).toMatchObject({ data: { generatePlatform: { status: 'QUEUED', artifact: null } } });
    return (body.data!['generatePlatform'] as Platform).id;
  }

  async function readPlatform(by: Session, id: string): Promise<Platform> {
    return (await by.query(PLATFORM, { id })).body.data!['platform'] as Platform;
  }

  /** A platform whose artifact can be fetched. */
  async function generated(by: Session, name: string) {
    const id = await generate(by, name);
    await until(`"${name}" is generated`, async () => (await readPlatform(by, id)).artifact !== null);
    const platform = await readPlatform(by, id);
    return { ...platform, artifact: platform.artifact! };
  }

  const fetchAs = (by: Session | null, url: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(url, { method, headers: { ...headers, ...(by && { authorization: `Bearer ${by.accessToken}` }) } });
  const bytesOf = async (response: Response): Promise<Buffer> => Buffer.from(await response.arrayBuffer());

  describe('A platform generated through the one endpoint', () => {
    it('is soon ready, and its artifact is what the graph says: fetched where it says, by any member of its tenant', async () => {
      const { artifact, ...platform } = await generated(ada, 'Shop "front"');
      expect(platform).toEqual({
        id: expect.any(String),
        name: 'Shop "front"',
        slug: 'shop-front',
        status: 'READY',
        failureReason: null,
        createdBy: { email: 'ada@acme.test' },
      });
      expect(artifact.url).toBe(`${stack.url}/platformforge/artifacts/${platform.id}`);
      for (const member of [ada, bob]) {
        const response = await fetchAs(member, artifact.url);
        expect([response.status, Object.fromEntries(response.headers)]).toMatchObject([
          200,
          {
            'content-type': 'application/gzip',
            'content-length': String(artifact.sizeBytes),
            'content-disposition': 'attachment; filename="shop-front.tar.gz"',
            'cache-control': 'private, no-cache',
            'x-content-type-options': 'nosniff',
            'accept-ranges': 'bytes',
            etag: `"${artifact.sha256}"`,
          },
        ]);
        const bytes = await bytesOf(response);
        expect(bytes.length).toBe(artifact.sizeBytes);
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(artifact.sha256);
        expect(gunzipSync(bytes).toString('latin1')).toContain('shop-front/package.json');
      }
    });

    it('has the same bytes as another of the same name and template, whoever asked', async () => {
      const [first, second] = await Promise.all([generated(ada, 'Twin'), generated(gus, 'Twin')]);
      expect(first.artifact.sha256).toBe(second.artifact.sha256);
      expect(first.id).not.toBe(second.id);
    });

    it('has an artifact that is fetched in parts, asked about, and not sent again to whoever has it', async () => {
      const { artifact } = await generated(ada, 'In parts');
      const whole = await bytesOf(await fetchAs(ada, artifact.url));
      const first = await fetchAs(ada, artifact.url, { range: 'bytes=0-99' });
      const rest = await fetchAs(ada, artifact.url, { range: 'bytes=100-', 'if-range': `"${artifact.sha256}"` });
      expect([first.status, first.headers.get('content-range')]).toEqual([206, `bytes 0-99/${artifact.sizeBytes}`]);
      expect(rest.status).toBe(206);
      expect(Buffer.concat([await bytesOf(first), await bytesOf(rest)]).equals(whole)).toBe(true);

      const beyond = await fetchAs(ada, artifact.url, { range: `bytes=${artifact.sizeBytes}-` });
      expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${artifact.sizeBytes}`]);
      const head = await fetchAs(ada, artifact.url, {}, 'HEAD');
      expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([
        200,
        String(artifact.sizeBytes),
        '',
      ]);
      const known = await fetchAs(ada, artifact.url, { 'if-none-match': `"${artifact.sha256}"` });
      expect([known.status, await known.text()]).toEqual([304, '']);
    });

    it('and its artifact answer another tenant exactly like those that do not exist, and nobody with 401', async () => {
      const { id, artifact } = await generated(ada, 'A secret of acme');
      const asked = await Promise.all([id, NO_ID, 'no id'].map((each) => gus.query(PLATFORM, { id: each })));
      expect(asked[1]!.body).toMatchObject({
        data: { platform: null },
        errors: [{ extensions: { code: 'NOT_FOUND' } }],
      });
      expect(new Set(asked.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);

      const places = [artifact.url, ...[NO_ID, 'no-id'].map((each) => artifact.url.replace(id, each))];
      const fetched = await Promise.all(places.map((url) => fetchAs(gus, url)));
      const answers = await Promise.all(fetched.map(async (response) => [response.status, await response.text()]));
      expect(answers[1]).toEqual([404, expect.stringContaining('NOT_FOUND')]);
      expect(answers).toEqual(places.map(() => answers[1]));

      const nobody = await fetchAs(null, artifact.url);
      expect([nobody.status, await nobody.text()]).toEqual([401, expect.not.stringContaining(id)]);
    });

    it('is joined to its user and its tenant in both directions', async () => {
      const { id } = await generated(bob, 'Of bob');
      const mine =
        'platforms(first: 1, filter: { nameContains: "of bob" }) { nodes { id createdBy { id email platforms(first: 1) { nodes { id } } } } }';
      const { body } = await bob.query(
        `{ viewer { user { id ${mine} } tenant { id ${mine} platformQuota { used limit } } } }`,
      );
      const user = (body.data as { viewer: { user: { id: string } } }).viewer.user.id;
      const nodes = [{ id, createdBy: { id: user, email: 'bob@acme.test', platforms: { nodes: [{ id }] } } }];
      expect(body).toEqual({
        data: {
          viewer: {
            user: { id: user, platforms: { nodes } },
            tenant: {
              id: expect.any(String),
              platforms: { nodes },
              platformQuota: { used: expect.any(Number), limit: 200 },
            },
          },
        },
      });
      const seenByGus = await gus.query(`{ viewer { user { ${mine} } tenant { ${mine} } } }`);
      expect(seenByGus.body).toEqual({
        data: { viewer: { user: { platforms: { nodes: [] } }, tenant: { platforms: { nodes: [] } } } },
      });
    });
  });

  // Apart, events travel on NATS: tests/services.
  if (stackMode() === 'one-process') {
    describe('A subscription to changed platforms', () => {
      it('hears at the gateway how a platform becomes ready', async () => {
        const response = await fetch(`${stack.url}/graphql`, {
          method: 'POST',
          headers: {
            accept: 'text/event-stream',
            'content-type': 'application/json',
            authorization: `Bearer ${ada.accessToken}`,
          },
          body: JSON.stringify({ query: 'subscription { platformChanged { id name status artifact { sha256 } } }' }),
        });
        expect(response.status).toBe(200);
        const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
        const id = await generate(ada, 'Listened to');
        let heard = '';
        const isReady = () =>
          heard.includes(`"id":"${id}","name":"Listened to","status":"READY","artifact":{"sha256":"`);
        while (!isReady()) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`The stream ended: ${heard}`);
          heard += value;
        }
        await reader.cancel();
      });
    });
  }

  describe("A tenant's quota of platforms", () => {
    it('ends with its last one: the next is refused with limit and reset time, and leaves nothing behind', async () => {
      const quota = async () =>
        (await gus.query('{ viewer { tenant { platformQuota { used limit resetsAt } } } }')).body.data as {
          viewer: { tenant: { platformQuota: { used: number; limit: number; resetsAt: string } } };
        };
      const { used, limit, resetsAt } = (await quota()).viewer.tenant.platformQuota;
      expect(limit).toBe(10);
      const names = Array.from({ length: limit - used }, (_, index) => `Number ${index}`);
      await Promise.all(names.map((name) => generate(gus, name)));
      const rows = () =>
        stack.sql(
          `select (select count(*) from platformforge.platforms)::int as platforms,
           (select count(*) from platformforge.generations)::int as generations,
           (select count(distinct id) from (select id from platformforge.outbox where kind = 'job' and name = 'platformforge.generate'
             union select id from jobs.jobs where name = 'platformforge.generate') made)::int as jobs`,
        );
      const before = await rows();

      const { body } = await gus.query(GENERATE, { name: 'One too many' });
      expect(body).toMatchObject({
        data: { generatePlatform: null },
        errors: [
          {
            path: ['generatePlatform'],
            extensions: { code: 'QUOTA_EXCEEDED', feature: 'platformforge.platforms', limit, resetsAt },
          },
        ],
      });
      expect(await rows()).toEqual(before);
      expect((await quota()).viewer.tenant.platformQuota).toEqual({ used: limit, limit, resetsAt });
    });
  });
}
