import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { artifactKey } from './domain/kept-files.js';
import {
  greeting,
  REGENERATE,
  testPlatformForge,
  unpacked,
  type SeenPlatform,
  type TestPlatformForge,
} from './testing/test-platform-forge.js';

const pathOf = (id: string): string => `/platformforge/artifacts/${id}`;
const bytesOf = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer());

describe('An artifact', () => {
  let forge: TestPlatformForge;
  let made: SeenPlatform;
  beforeAll(async () => {
    forge = await testPlatformForge();
    for (const tenant of ['acme', 'globex']) await forge.withTemplate(tenant, greeting);
    made = await forge.generated('acme', { name: 'To be fetched' });
  });
  afterAll(() => forge.close());
  const fetch = (init?: RequestInit) => forge.as({ tenant: 'acme' }).fetch(pathOf(made.id), init);

  it('is what the graph says: at its URL, of its size and digest', async () => {
    const answer = await forge.as({ tenant: 'acme' }).fetch(made.artifact!.url);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/gzip',
      'content-length': String(made.artifact!.sizeBytes),
      'content-disposition': expect.stringMatching(/^attachment; filename="to-be-fetched\.tar\.gz"/),
      'cache-control': 'private, no-cache',
      'accept-ranges': 'bytes',
      etag: `"${made.artifact!.sha256}"`,
    });
    const bytes = await bytesOf(answer);
    expect(bytes.length).toBe(made.artifact!.sizeBytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(made.artifact!.sha256);
  });

  it.each([
    ['bytes=0-9', 0, 10],
    ['bytes=10-', 10, Infinity],
    ['bytes=-5', -5, Infinity],
  ])('is fetched in parts: %s', async (range, start, end) => {
    const whole = await bytesOf(await fetch());
    const part = await fetch({ headers: { range } });
    expect(part.status).toBe(206);
    const expected = whole.subarray(start, Math.min(end, whole.length));
    expect((await bytesOf(part)).equals(expected)).toBe(true);
  });

  it('is not sent in a part it does not have, nor again to whoever has it', async () => {
    expect((await fetch({ headers: { range: `bytes=${made.artifact!.sizeBytes}-` } })).status).toBe(416);
    const known = await fetch({ headers: { 'if-none-match': `"${made.artifact!.sha256}"` } });
    expect({ status: known.status, body: await known.text() }).toEqual({ status: 304, body: '' });
  });

  it('is told of without its bytes', async () => {
    const answer = await fetch({ method: 'HEAD' });
    expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 200, body: '' });
    expect(answer.headers.get('content-length')).toBe(String(made.artifact!.sizeBytes));
  });

  it('of another tenant, unknown, malformed, not there yet, or without the permission to read is the same 404', async () => {
    await forge.jobs.stop();
    const queued = await forge.generate('acme', { name: 'Not yet' });
    const asked: [caller: ReturnType<TestPlatformForge['as']>, id: string][] = [
      [forge.as({ tenant: 'globex' }), made.id],
      [forge.as({ tenant: 'acme' }), '01a1fdd6-0000-7000-8000-000000000000'],
      [forge.as({ tenant: 'acme' }), "x'or'true"],
      [forge.as({ tenant: 'acme' }), made.id.toUpperCase()],
      [forge.as({ tenant: 'acme' }), queued.id],
      [forge.as({ tenant: 'acme', may: ['platformforge:platforms:write'] }), made.id],
      [forge.anonymous(), made.id],
    ];
    for (const [caller, id] of asked) {
      const answer = await caller.fetch(pathOf(id), { headers: { range: 'bytes=0-1' } });
      expect({ id, status: answer.status, body: await answer.json() }).toEqual({
        id,
        status: 404,
        body: { error: { code: 'NOT_FOUND', message: 'No such file.' } },
      });
    }
    await forge.jobs.start();
    await forge.settled();
  });

  it.each(['../../../etc/passwd', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', 'a%00b', 'x/../y'])(
    'is at no other path: %s',
    async (id) => {
      expect((await forge.as({ tenant: 'acme' }).fetch(pathOf(id))).status).toBe(404);
    },
  );

  it('is gone where its file is, and its platform can be generated again', async () => {
    const lost = await forge.generated('acme', { name: 'Lost' });
    const { id: tenantId } = forge.as({ tenant: 'acme' }).context.tenant!;
    const [row] = await forge.sql<{ artifact_id: string }>(
      'select artifact_id from platformforge.platforms where id = $1',
      [lost.id],
    );
    await forge.files.delete(`platformforge/${tenantId}/${artifactKey(row!.artifact_id)}`);
    expect((await forge.as({ tenant: 'acme' }).fetch(pathOf(lost.id))).status).toBe(404);
    await forge.as({ tenant: 'acme', user: 'ada' }).query(REGENERATE, { id: lost.id });
    await forge.settled();
    expect((await forge.as({ tenant: 'acme' }).fetch(pathOf(lost.id))).status).toBe(200);
  });
});

describe('A stack that is deployed for customers after it was internal', () => {
  let forge: TestPlatformForge;
  let probe: SeenPlatform;
  let subgraph: SeenPlatform;
  const ada = () => forge.as({ tenant: 'acme', user: 'ada' });
  const filesOf = async (id: string): Promise<string[]> =>
    Object.keys(await unpacked(await bytesOf(await ada().fetch(pathOf(id)))));
  const templates = async (): Promise<string[]> => {
    const { data } = await ada().query('{ platformTemplates { name } }');
    return (data as { platformTemplates: { name: string }[] }).platformTemplates.map(({ name }) => name);
  };
  beforeAll(async () => {
    forge = await testPlatformForge();
    probe = await forge.generated('acme', { name: 'Probe', template: 'internal-probe' });
    subgraph = await forge.generated('acme', { name: 'Shop', template: 'graphql-subgraph' });
    await forge.redeploy('customer');
  });
  afterAll(() => forge.close());

  it('had internal templates and files, and has them again when it is internal', async () => {
    await forge.redeploy('internal');
    expect(await templates()).toContain('internal-probe');
    expect(await filesOf(subgraph.id)).toEqual(
      expect.arrayContaining(['shop/.env.development', 'shop/seeds/demo.json']),
    );
    expect(await forge.show('acme', probe.id)).toEqual(probe);
    await forge.redeploy('customer');
  });

  it('does not know the internal template', async () => {
    expect(await templates()).not.toContain('internal-probe');
    expect(await templates()).toContain('graphql-subgraph');
    await expect(forge.generate('acme', { name: 'Another probe', template: 'internal-probe' })).rejects.toThrow(
      /There is no template \\"internal-probe\\"/,
    );
    const { errors } = await ada().query(REGENERATE, { id: probe.id });
    expect(errors![0]!.extensions).toEqual({ code: 'CONFLICT', field: 'input.id' });
    expect((await forge.quota('acme')).held).toBe(0);
  });

  it('shows nothing of what an internal template filled in, but that it was asked for', async () => {
    expect(probe.parameters).not.toEqual({});
    expect(await forge.show('acme', probe.id)).toMatchObject({ template: 'internal-probe', parameters: {} });
    expect((await forge.show('acme', subgraph.id)).parameters).toEqual(subgraph.parameters);
  });

  it('shows no artifact that was packed for internal use, and serves none', async () => {
    for (const { id } of [probe, subgraph]) {
      expect(await forge.show('acme', id)).toMatchObject({ status: 'READY', artifact: null, expiresAt: null });
      const answer = await ada().fetch(pathOf(id));
      expect({ status: answer.status, body: await answer.json() }).toEqual({
        status: 404,
        body: { error: { code: 'NOT_FOUND', message: 'No such file.' } },
      });
      const keep = 'mutation ($id: ID!, $at: DateTime) { updatePlatform(input: { id: $id, expiresAt: $at }) { id } }';
      const { errors } = await ada().query(keep, { id, at: new Date(Date.now() + 60_000).toISOString() });
      expect(errors![0]!.extensions).toEqual({ code: 'CONFLICT', field: 'input.expiresAt' });
    }
  });

  it('fails a generation of an internal template that was asked for before', async () => {
    await forge.redeploy('internal');
    await forge.jobs.stop();
    const { id } = await forge.generate('acme', { name: 'In between', template: 'internal-probe' });
    await forge.redeploy('customer');
    await forge.settled();
    expect(await forge.show('acme', id)).toMatchObject({ status: 'FAILED', artifact: null });
    expect((await forge.quota('acme')).held).toBe(0);
  });

  it('generates again without the internal files', async () => {
    await ada().query(REGENERATE, { id: subgraph.id });
    await forge.settled();
    const again = await forge.show('acme', subgraph.id);
    expect(again.artifact).toEqual(
      expect.objectContaining({ sha256: expect.not.stringMatching(subgraph.artifact!.sha256) }),
    );
    const files = await filesOf(subgraph.id);
    expect(files).toContain('shop/package.json');
    expect(files.filter((path) => /seeds|\.env/.test(path))).toEqual([]);
  });
});
