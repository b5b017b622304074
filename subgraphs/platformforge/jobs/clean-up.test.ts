import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newId, type TenantFiles } from '@inevitable/kit';
import { directoryFileStore, type FileStore } from '@inevitable/kit/host';
import fc from 'fast-check';
import { cleanUp } from '../domain/upkeep/clean-up.js';
import { artifactKey, templateKey } from '../domain/kept-files.js';
import { openUpkeep, type Upkeep, type UpkeepTenant } from '../testing/open-upkeep.js';

const HOUR_MS = 3_600_000;

let upkeep: Upkeep;
let folder: string;
let store: FileStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clean-up-'));
  store = await directoryFileStore(folder);
  upkeep = await openUpkeep({ files: store });
});
afterAll(async () => {
  await upkeep.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

let tenants = 0;
const newTenant = () => {
  const name = `tenant ${++tenants}`;
  return { name, ...upkeep.tenant(name) };
};
const run = (name: string) => upkeep.run('platformforge.clean-up', name);
const inHours = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

/** A file of the tenant, two hours old unless told; past the store, which would wait for the disk each time. */
async function file({ id }: UpkeepTenant, key: string, modifiedAt = inHours(-2)): Promise<string> {
  const path = join(folder, 'platformforge', id, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, 'x');
  await utimes(path, modifiedAt, modifiedAt);
  return key;
}

async function filesOf({ files }: UpkeepTenant): Promise<string[]> {
  const keys: string[] = [];
  for (let after: string | null = null; ;) {
    const page: Awaited<ReturnType<TenantFiles['list']>> = await files.list('', after);
    if (!page.length) return keys;
    keys.push(...page.map(({ key }) => key));
    after = keys.at(-1)!;
  }
}

/** A platform whose artifact is kept until `expiresAt`, with its file; `artifactId` null: it has none. */
async function platform(
  tenant: UpkeepTenant,
  { status = 'READY', expiresAt = inHours(-1), artifactId = newId() as string | null } = {},
): Promise<{ readonly id: string; readonly artifactId: string }> {
  const id = newId();
  const artifact = artifactId && {
    artifactId,
    artifactBytes: 1,
    artifactSha256: '0'.repeat(64),
    artifactDeployment: 'internal',
    expiresAt,
  };
  const data = { id, name: id, slug: id, template: 'any', parameters: {}, generationId: newId(), createdBy: newId() };
  await tenant.db.platform.create({ data: { ...data, status, ...artifact } });
  if (artifactId !== null) await file(tenant, artifactKey(artifactId));
  return { id, artifactId: artifactId ?? '' };
}

const generation = ({ db }: UpkeepTenant, id: string, state: string) =>
  db.generation.create({
    data: {
      id,
      platformId: newId(),
      template: 'any',
      state,
      reservationId: newId(),
      requestedBy: newId(),
      endedAt: ['QUEUED', 'RUNNING'].includes(state) ? null : new Date(),
    },
  });

const platformOf = ({ db }: UpkeepTenant, id: string) => db.platform.findFirstOrThrow({ where: { id } });
const bare = { artifactId: null, artifactBytes: null, artifactSha256: null, artifactDeployment: null, expiresAt: null };

describe('Cleaning up', () => {
  it('removes the artifact of a platform whose time is over, and the platform is EXPIRED, as its followers hear', async () => {
    const tenant = newTenant();
    const over = await platform(tenant);
    const kept = await platform(tenant, { expiresAt: inHours(1) });
    const followed = 'subscription { platformChanged { id status artifact { url } expiresAt } }';
    const changes = await upkeep.product.as({ tenant: tenant.name }).subscribe(followed);
    expect(await run(tenant.name)).toEqual({
      state: 'succeeded',
      note: '1 artifacts expired, 0 files without a row deleted',
      error: null,
      log: [],
    });
    expect((await changes.next()).value.data).toEqual({
      platformChanged: { id: over.id, status: 'EXPIRED', artifact: null, expiresAt: null },
    });
    await changes.return!();
    expect(await platformOf(tenant, over.id)).toMatchObject({ status: 'EXPIRED', ...bare });
    expect(await platformOf(tenant, kept.id)).toMatchObject({ status: 'READY', artifactId: kept.artifactId });
    expect(await filesOf(tenant)).toEqual([artifactKey(kept.artifactId)]);
    expect(await run(tenant.name)).toMatchObject({ state: 'succeeded', note: 'nothing to clean up' });
  });

  it.each(['FAILED', 'ARCHIVED', 'QUEUED', 'GENERATING'])(
    'leaves a platform %s that loses its artifact',
    async (status) => {
      const tenant = newTenant();
      const { id } = await platform(tenant, { status });
      await run(tenant.name);
      expect(await platformOf(tenant, id)).toMatchObject({ status, ...bare });
      expect(await filesOf(tenant)).toEqual([]);
    },
  );

  it('deletes exactly the files that no row names, no generation is about to name, and nobody has just written', () => {
    const aFile = fc.record({
      folder: fc.constantFrom('artifacts', 'templates'),
      row: fc.constantFrom('none', 'kept', 'QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED'),
      isYoung: fc.boolean(),
    });
    return fc.assert(
      fc.asyncProperty(fc.array(aFile, { minLength: 1, maxLength: 12 }), async (all) => {
        const tenant = newTenant();
        const stays: string[] = [];
        for (const { folder, row, isYoung } of all) {
          const id = newId();
          const isArtifact = folder === 'artifacts';
          const key = isArtifact ? artifactKey(id) : templateKey(id);
          await file(tenant, key, inHours(isYoung ? 0 : -2));
          if (row === 'kept' && isArtifact) await platform(tenant, { artifactId: id, expiresAt: inHours(1) });
          if (row === 'kept' && !isArtifact)
            await tenant.db.template.create({
              data: { id, name: id, manifest: {}, sha256: '0'.repeat(64), sizeBytes: 1, fileCount: 1, createdBy: id },
            });
          if (row !== 'kept' && row !== 'none') await generation(tenant, id, row);
          const isUnderWay = isArtifact && (row === 'QUEUED' || row === 'RUNNING');
          if (isYoung || row === 'kept' || isUnderWay) stays.push(key);
        }
        const other = await file(tenant, 'backups/20261121t030000z-00000000-0000-7000-8000-000000000000.json.gz');
        await run(tenant.name);
        expect(await filesOf(tenant)).toEqual([...stays, other].sort());
      }),
      { numRuns: 20 },
    );
  });

  it('deletes what has no name that a row could know', async () => {
    const tenant = newTenant();
    await file(tenant, 'artifacts/stray.tar.gz');
    await file(tenant, `artifacts/deep/${newId()}.tar.gz`);
    const { artifactId } = await platform(tenant, { expiresAt: inHours(1) });
    await file(tenant, `${artifactKey(artifactId)}.copy`);
    expect(await run(tenant.name)).toMatchObject({ note: '0 artifacts expired, 3 files without a row deleted' });
    expect(await filesOf(tenant)).toEqual([artifactKey(artifactId)]);
  });

  it('goes on where a run was killed between the row and its file, or between two files', async () => {
    const tenant = newTenant();
    const platforms = await Promise.all(Array.from({ length: 5 }, () => platform(tenant)));
    let left = 2;
    const dying: TenantFiles = {
      ...tenant.files,
      delete: (key) => (left-- > 0 ? tenant.files.delete(key) : Promise.reject(new Error('killed'))),
    };
    const { signal } = new AbortController();
    const progress = () => undefined;
    await expect(cleanUp({ ...tenant, files: dying, signal, progress })).rejects.toThrow('killed');
    expect(await filesOf(tenant)).toHaveLength(3);
    expect(await run(tenant.name)).toMatchObject({ note: '0 artifacts expired, 3 files without a row deleted' });
    expect(await filesOf(tenant)).toEqual([]);
    for (const { id } of platforms) expect(await platformOf(tenant, id)).toMatchObject({ status: 'EXPIRED', ...bare });
  });

  it('does each thing once when two do it at once', async () => {
    const tenant = newTenant();
    for (let count = 0; count < 30; count += 1) {
      await platform(tenant);
      await file(tenant, artifactKey(newId()));
    }
    const { signal } = new AbortController();
    const deps = { ...tenant, signal, progress: () => undefined };
    const both = await Promise.all([cleanUp(deps), cleanUp(deps)]);
    expect(both.reduce((sum, { expired }) => sum + expired, 0)).toBe(30);
    expect(await filesOf(tenant)).toEqual([]);
    const events = `select from platformforge.outbox where kind = 'event' and tenant_id = $1`;
    expect(await upkeep.rows(events, [tenant.id])).toHaveLength(30);
  });

  it('works through 2,500 files and 450 platforms in pages, and stops between two of them when it is told to', async () => {
    const tenant = newTenant();
    await Promise.all(Array.from({ length: 2_050 }, () => file(tenant, artifactKey(newId()))));
    const data = Array.from({ length: 450 }, () => ({
      id: newId(),
      name: 'one of many',
      slug: newId(),
      template: 'any',
      parameters: {},
      status: 'READY',
      generationId: newId(),
      createdBy: newId(),
      artifactId: newId(),
      artifactBytes: 1,
      artifactSha256: '0'.repeat(64),
      artifactDeployment: 'internal',
      expiresAt: inHours(-1),
    }));
    await tenant.db.platform.createMany({ data });
    await Promise.all(data.map(({ artifactId }) => file(tenant, artifactKey(artifactId))));

    const stopping = new AbortController();
    let deleted = 0;
    const files: TenantFiles = {
      ...tenant.files,
      async delete(key) {
        await tenant.files.delete(key);
        deleted += 1;
        if (deleted === 1_000) stopping.abort(new Error('The worker is stopping.'));
      },
    };
    const stopped = cleanUp({ ...tenant, files, signal: stopping.signal, progress: () => undefined });
    await expect(stopped).rejects.toThrow('The worker is stopping.');
    expect(deleted).toBe(1_000);
    expect(await tenant.db.platform.count({ where: { status: 'EXPIRED' } })).toBe(450);
    expect(await run(tenant.name)).toMatchObject({ note: '0 artifacts expired, 1500 files without a row deleted' });
    expect(await filesOf(tenant)).toEqual([]);
  });

  it("never touches another tenant's files and platforms", async () => {
    const [ours, theirs] = [newTenant(), newTenant()];
    const theirPlatform = await platform(theirs);
    const stray = await file(theirs, artifactKey(newId()));
    await file(ours, artifactKey(newId()));
    await run(ours.name);
    expect(await filesOf(ours)).toEqual([]);
    expect(await filesOf(theirs)).toEqual([artifactKey(theirPlatform.artifactId), stray].sort());
    expect(await platformOf(theirs, theirPlatform.id)).toMatchObject({ status: 'READY' });
  });

  // Last: it moves the clock of all.
  it('fails a platform whose job is gone for a day, in words, and gives its quota back', async () => {
    const tenant = newTenant();
    const ada = upkeep.product.as({ tenant: tenant.name });
    const ask = async (name: string): Promise<string> => {
      const { data } = await ada.query(
        `mutation { generatePlatform(input: { name: "${name}", template: "static-site" }) { id } }`,
      );
      return (data as { generatePlatform: { id: string } }).generatePlatform.id;
    };
    await upkeep.product.jobs.stop();
    const lost = await ask('Lost');
    await upkeep.rows("delete from platformforge.outbox where kind = 'job' and payload ->> 'platformId' = $1", [lost]);
    await upkeep.product.clock.advance({ seconds: 86_401 });
    await upkeep.product.jobs.start();
    const justAsked = await ask('Just asked');

    expect(await run(tenant.name)).toMatchObject({
      state: 'succeeded',
      note: '0 artifacts expired, 0 files without a row deleted, 1 generations given up',
      log: [expect.stringContaining('a generation was given up: nobody had worked on it for a day')],
    });
    expect(await platformOf(tenant, lost)).toMatchObject({
      status: 'FAILED',
      failureReason: 'Nothing generated it within a day: its job was cancelled, or is lost. Generate it again.',
    });
    await upkeep.product.jobs.settled('platformforge.generate');
    expect(await platformOf(tenant, justAsked)).toMatchObject({ status: 'READY' });
    expect(await tenant.entitlements.usage('platformforge.platforms')).toMatchObject({ used: 1, held: 0 });
  });
});
