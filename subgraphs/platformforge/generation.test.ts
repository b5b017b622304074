import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type JobDefinition } from '@inevitable/kit';
import { directoryFileStore, type FileStore } from '@inevitable/kit/host';
import { until } from '@inevitable/kit/testing';
import { generate } from './jobs/generate.js';
import {
  greeting,
  REGENERATE,
  templateNamed,
  testPlatformForge,
  type TestPlatformForge,
} from './testing/test-platform-forge.js';

const generationOf = async (forge: TestPlatformForge, platformId: string) => {
  const [row] = await forge.sql<{
    id: string;
    state: string;
    failure_reason: string | null;
    settled: boolean;
    reservation_id: string;
  }>(
    `select id, state, failure_reason, settled_at is not null as settled, reservation_id
     from platformforge.generations where platform_id = $1 order by id desc limit 1`,
    [platformId],
  );
  return row!;
};
const REMOVE = 'mutation ($id: ID!) { deletePlatform(input: { id: $id }) { id } }';

describe('A generation', () => {
  /** Files whose next write waits until it is let go. */
  class Gate {
    #open: (() => void) | null = null;
    #reached: (() => void) | null = null;
    #closed: Promise<void> | null = null;
    /** What waited has been written. */
    isThrough = false;
    /** The next write of an artifact waits; the answer resolves when it does. */
    close(): Promise<void> {
      this.isThrough = false;
      this.#closed = new Promise((resolve) => (this.#open = resolve));
      return new Promise((resolve) => (this.#reached = resolve));
    }
    open(): void {
      this.#open?.();
      this.#closed = null;
    }
    /** `store`, with the gate before it. */
    guard(store: FileStore): FileStore {
      return {
        ...store,
        put: async (key, bytes) => {
          if (this.#closed && key.includes('/artifacts/')) {
            this.#reached!();
            await this.#closed;
          }
          await store.put(key, bytes);
          this.isThrough = true;
        },
      };
    }
  }

  const gate = new Gate();
  let folder: string;
  let forge: TestPlatformForge;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'generations-'));
    forge = await testPlatformForge({ files: gate.guard(await directoryFileStore(folder)) });
  });
  afterAll(async () => {
    await forge.close();
    await rm(folder, { recursive: true, force: true });
  });
  let tenant = '';
  let count = 0;
  beforeEach(async () => {
    tenant = `tenant ${(count += 1)}`;
    await forge.withTemplate(tenant, greeting);
  });
  afterEach(async () => {
    gate.open();
    await forge.jobs.start();
    await forge.settled();
  });
  const artifactsOf = async (): Promise<readonly string[]> =>
    (await forge.keysOf(tenant)).filter((key) => key.startsWith('artifacts/'));
  const remove = (id: string) => forge.as({ tenant }).query(REMOVE, { id });
  /** As an operator does, or a job store that hands it out a second time. */
  const runAgain = async (platformId: string): Promise<void> => {
    await forge.sql(
      `insert into platformforge.outbox (id, tenant_id, kind, name, aggregate, payload, correlation_id)
       select gen_random_uuid(), tenant_id, 'job', name, aggregate, payload, 'again' from platformforge.outbox
       where name = 'platformforge.generate' and payload ->> 'platformId' = $1`,
      [platformId],
    );
    await forge.settled();
  };

  it.each([
    ['asks for what there is not', { 'files/a.txt.liquid': 'one\n{{ platform.nothing }}' }, /a\.txt\.liquid/],
    ['is no template at all', { 'files/a.txt.liquid': '{% if %}' }, /a\.txt\.liquid/],
    ['writes outside of the platform', { 'files/{{ parameters.whom }}': 'x' }, /\.\./],
    [
      'never ends',
      { 'files/a.txt.liquid': '{% for a in (1..1000000000) %}{% for b in (1..1000000000) %}x{% endfor %}{% endfor %}' },
      /./,
    ],
  ])(
    'whose template %s fails for a reason a person understands, and nothing is left of it',
    async (_what, files, reason) => {
      await forge.withTemplate(tenant, templateNamed('broken', files));
      const failed = await forge.generated(tenant, {
        name: 'Broken',
        template: 'broken',
        parameters: { whom: '../../etc' },
      });
      expect(failed).toMatchObject({ status: 'FAILED', artifact: null, expiresAt: null });
      expect(failed.failureReason).toMatch(reason);
      expect(failed.failureReason).not.toMatch(/node_modules|\bat \/|Error:/);
      expect(await forge.quota(tenant)).toEqual({ used: 0, held: 0 });
      expect(await artifactsOf()).toEqual([]);
      const [job] = await forge.sql<{ attempts: number }>(
        `select j.attempts from jobs.jobs j where name = 'platformforge.generate' and payload ->> 'platformId' = $1`,
        [failed.id],
      );
      expect(job).toEqual({ attempts: 1 });
      expect(await generationOf(forge, failed.id)).toMatchObject({ state: 'FAILED', settled: true });
    },
  );

  it('fails when its template is gone, and works again when it is back', async () => {
    await forge.jobs.stop();
    const { id } = await forge.generate(tenant, { name: 'Late' });
    const ada = forge.as({ tenant, user: 'ada' });
    await ada.query('mutation { deletePlatformTemplate(input: { name: "greeting" }) { name } }');
    await forge.jobs.start();
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({
      status: 'FAILED',
      failureReason: 'The template "greeting" is not there any more.',
    });
    await forge.withTemplate(tenant, greeting);
    await ada.query(REGENERATE, { id });
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({ status: 'READY', failureReason: null });
    expect(await forge.quota(tenant)).toEqual({ used: 1, held: 0 });
  });

  it('fails when the template that replaced its own takes other parameters', async () => {
    await forge.jobs.stop();
    const { id } = await forge.generate(tenant, { name: 'Late', parameters: { port: 8080 } });
    const manifest = JSON.parse(greeting['template.json']!) as { parameters: { properties: { port: object } } };
    manifest.parameters.properties.port = { type: 'string' };
    await forge.withTemplate(tenant, { ...greeting, 'template.json': JSON.stringify(manifest) });
    await forge.jobs.start();
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({
      status: 'FAILED',
      failureReason: 'The parameters do not fit the template any more: port: must be text',
    });
    expect(await forge.quota(tenant)).toEqual({ used: 0, held: 0 });
  });

  it('whose worker stops in the middle is done by the next one: one artifact, and one of the quota', async () => {
    const reached = gate.close();
    const { id } = await forge.generate(tenant, { name: 'Interrupted' });
    await reached;
    expect(await forge.show(tenant, id)).toMatchObject({ status: 'GENERATING' });
    await forge.jobs.stop();
    expect(await forge.quota(tenant)).toEqual({ used: 0, held: 1 });
    gate.open();
    await forge.jobs.start();
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({ status: 'READY' });
    expect(await forge.quota(tenant)).toEqual({ used: 1, held: 0 });
    expect(await artifactsOf()).toHaveLength(1);
  });

  it('that is run twice has one artifact, and is charged once', async () => {
    const made = await forge.generated(tenant, { name: 'Twice' });
    await runAgain(made.id);
    expect(await forge.show(tenant, made.id)).toEqual(made);
    expect(await forge.quota(tenant)).toEqual({ used: 1, held: 0 });
    expect(await artifactsOf()).toHaveLength(1);
  });

  it('of a platform that was generated again since changes nothing, however late it comes', async () => {
    const first = await forge.generated(tenant, { name: 'Superseded', parameters: { whom: 'Ada' } });
    await forge.as({ tenant, user: 'ada' }).query(REGENERATE, { id: first.id, parameters: { whom: 'Grace' } });
    await forge.settled();
    const second = await forge.show(tenant, first.id);
    await runAgain(first.id);
    expect(await forge.show(tenant, first.id)).toEqual(second);
    expect(await forge.quota(tenant)).toEqual({ used: 2, held: 0 });
    expect(await artifactsOf()).toHaveLength(1);
  });

  it('that was ready when its worker died, before the quota knew, is charged by the next run', async () => {
    await forge.jobs.stop();
    const { id } = await forge.generate(tenant, { name: 'Unpaid' });
    const tenantId = forge.as({ tenant }).context.tenant!.id;
    // What a run leaves that ends between its commit and the ledger's.
    await forge.sql(
      `update platformforge.platforms set status = 'READY', artifact_id = generation_id, artifact_bytes = 1, artifact_sha256 = repeat('0', 64),
       artifact_deployment = 'internal', expires_at = platformforge.stack_now() + interval '1 day' where id = $1`,
      [id],
    );
    await forge.sql(
      `update platformforge.generations set state = 'SUCCEEDED', ended_at = platformforge.stack_now() where platform_id = $1`,
      [id],
    );
    await forge.jobs.start();
    await forge.settled();
    expect(await forge.quota(tenant)).toEqual({ used: 1, held: 0 });
    const ledger = await forge.entitlements.reservations({ tenantId, feature: 'platformforge.platforms', after: null });
    expect(ledger.map(({ state }) => state)).toEqual(['committed']);
    expect(await generationOf(forge, id)).toMatchObject({ state: 'SUCCEEDED', settled: true });
  });

  it.each(['while it is written', 'before it began'])(
    'that is deleted %s is given up: the quota is given back, and no file is left',
    async (when) => {
      const isWritten = when === 'while it is written';
      const reached = isWritten ? gate.close() : Promise.resolve(forge.jobs.stop());
      if (!isWritten) await reached;
      const { id } = await forge.generate(tenant, { name: 'Unwanted' });
      await reached;
      expect((await remove(id)).errors).toBeUndefined();
      gate.open();
      await forge.jobs.start();
      await forge.settled();
      expect(await forge.quota(tenant)).toEqual({ used: 0, held: 0 });
      expect(await artifactsOf()).toEqual([]);
      expect(await generationOf(forge, id)).toMatchObject({ state: 'CANCELLED', settled: true });
      // Its slug is free again.
      expect(await forge.generated(tenant, { name: 'Unwanted' })).toMatchObject({ slug: 'unwanted', status: 'READY' });
    },
  );

  it('that waited until its reservation expired reserves anew, and is charged once', async () => {
    await forge.jobs.stop();
    const { id } = await forge.generate(tenant, { name: 'Patient' });
    const first = (await generationOf(forge, id)).reservation_id;
    await forge.clock.advance({ seconds: 16 * 60 });
    expect(await forge.quota(tenant)).toEqual({ used: 0, held: 0 });
    await forge.jobs.start();
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({ status: 'READY' });
    expect(await forge.quota(tenant)).toEqual({ used: 1, held: 0 });
    const { reservation_id: second, settled } = await generationOf(forge, id);
    expect({ settled, isAnother: second !== first }).toEqual({ settled: true, isAnother: true });
  });

  it('whose reservation expires while it is made is charged all the same', async () => {
    const reached = gate.close();
    const { id } = await forge.generate(tenant, { name: 'Slow' });
    await reached;
    const tenantId = forge.as({ tenant }).context.tenant!.id;
    await forge.entitlements.release(tenantId, (await generationOf(forge, id)).reservation_id);
    gate.open();
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({ status: 'READY' });
    expect(await forge.quota(tenant)).toEqual({ used: 1, held: 0 });
    expect(await generationOf(forge, id)).toMatchObject({ settled: true });
  });

  const jobsOf = (platformId: string) =>
    forge.sql<{ id: string; state: string }>(
      `select id, state from jobs.jobs where name = 'platformforge.generate' and payload ->> 'platformId' = $1 order by id`,
      [platformId],
    );
  /** What those do in the graph of operations who may steer the tenant's jobs. */
  const asAdmin = (call: string, about: unknown) =>
    forge.sql(`select set_config('stack.all_tenants', 'yes', false), jobs.${call}($1)`, [about]);
  const cancelJob = (id: string) => asAdmin('cancel_job', id);
  const ownId = () => forge.as({ tenant }).context.tenant!.id;
  const runJob = async (
    job: JobDefinition<never, never>,
    payload: object,
    tenantId: string | null = ownId(),
  ): Promise<string> => {
    const id = newId();
    const onceKey = job.once?.(payload as never) ?? null;
    await asAdmin('run_job', { id, name: job.name, tenantId, payload, correlationId: 'by hand', onceKey });
    return id;
  };
  const noteOf = async (id: string) =>
    (
      await forge.sql<{ state: string; note: string | null }>('select state, note from jobs.jobs where id = $1', [id])
    )[0];

  it('whose job somebody cancels while it waits fails in words, gives its quota back, and can be asked for again', async () => {
    void gate.close();
    await forge.generate(tenant, { name: 'First' });
    await forge.generate(tenant, { name: 'Second' }); // a tenant has two at once
    const { id } = await forge.generate(tenant, { name: 'Cancelled' });
    await until('its job waits', async () => (await jobsOf(id))[0]?.state === 'ready');
    await cancelJob((await jobsOf(id))[0]!.id);
    gate.open();
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({
      status: 'FAILED',
      failureReason: 'Somebody cancelled it. The quota was given back.',
    });
    expect(await jobsOf(id)).toMatchObject([{ state: 'cancelled' }]);
    expect(await forge.quota(tenant)).toEqual({ used: 2, held: 0 });
    expect(await generationOf(forge, id)).toMatchObject({ state: 'FAILED', settled: true });
    await forge.as({ tenant, user: 'ada' }).query(REGENERATE, { id });
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({ status: 'READY', failureReason: null });
    expect(await forge.quota(tenant)).toEqual({ used: 3, held: 0 });
  });

  it('whose job somebody cancels while it is written fails in words, and what was written is gone', async () => {
    const reached = gate.close();
    const { id } = await forge.generate(tenant, { name: 'Cancelled' });
    await reached;
    await cancelJob((await jobsOf(id))[0]!.id);
    await forge.gaveUp();
    expect(await forge.show(tenant, id)).toMatchObject({
      status: 'FAILED',
      failureReason: 'Somebody cancelled it. The quota was given back.',
    });
    expect(await forge.quota(tenant)).toEqual({ used: 0, held: 0 });
    gate.open();
    await until('nothing is left', async () => gate.isThrough && (await artifactsOf()).length === 0);
    expect(await forge.show(tenant, id)).toMatchObject({ status: 'FAILED', artifact: null });
  });

  it.each(['run', 'cancelled'])(
    'is not touched by a job that names another platform for it and is %s, however early that comes',
    async (what) => {
      const other = await forge.generated(tenant, { name: 'Other' });
      await forge.jobs.stop();
      const { id } = await forge.generate(tenant, { name: 'Victim' });
      const generationId = (await generationOf(forge, id)).id;
      const forged = await runJob(generate as never, { platformId: other.id, generationId });
      if (what === 'cancelled') await cancelJob(forged);
      await forge.jobs.start();
      await forge.settled();
      expect(await noteOf(forged)).toEqual(
        what === 'run'
          ? { state: 'succeeded', note: 'the generation is of another platform' }
          : { state: 'cancelled', note: null },
      );
      expect(await forge.show(tenant, id)).toMatchObject({ status: 'READY' });
      expect(await forge.show(tenant, other.id)).toEqual(other);
      expect(await forge.quota(tenant)).toEqual({ used: 2, held: 0 });
      expect(await artifactsOf()).toHaveLength(2);
    },
  );

  it.each(['unknown', 'named in a job of no tenant'])('that is %s is skipped, and nothing changes', async (what) => {
    const other = await forge.generated(tenant, { name: 'Other' });
    const isUnknown = what === 'unknown';
    const generationId = isUnknown ? newId() : (await generationOf(forge, other.id)).id;
    const id = await runJob(generate as never, { platformId: other.id, generationId }, isUnknown ? ownId() : null);
    await forge.settled();
    expect(await noteOf(id)).toEqual({ state: 'succeeded', note: 'there is no such generation' });
    expect(await forge.show(tenant, other.id)).toEqual(other);
  });

  it('is named in one spelling alone, in its job too', () => {
    const [platformId, generationId] = [newId(), newId()];
    expect(generate.payload.safeParse({ platformId, generationId }).success).toBe(true);
    for (const odd of [generationId.toUpperCase(), `${generationId} `, '../../x', ''])
      expect(generate.payload.safeParse({ platformId, generationId: odd }).success).toBe(false);
  });

  it('that waited until others had used up the quota fails, and says so', async () => {
    await forge.jobs.stop();
    const { id } = await forge.generate(tenant, { name: 'Too late' });
    await forge.clock.advance({ seconds: 16 * 60 });
    const tenantId = forge.as({ tenant }).context.tenant!.id;
    await forge.entitlements.reserve({
      tenantId,
      feature: 'platformforge.platforms',
      amount: 200,
      idempotencyKey: 'all of it',
    });
    await forge.jobs.start();
    await forge.settled();
    expect(await forge.show(tenant, id)).toMatchObject({
      status: 'FAILED',
      failureReason: expect.stringMatching(
        /^The quota of 200 platforms was used up when its turn came\. The next period begins at /,
      ),
    });
    expect(await forge.quota(tenant)).toEqual({ used: 0, held: 200 });
    expect(await artifactsOf()).toEqual([]);
  });
});

describe('A file store that fails', () => {
  let folder: string;
  let forge: TestPlatformForge;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'failing-'));
    forge = await testPlatformForge({ files: await directoryFileStore(join(folder, 'files')) });
  });
  afterAll(async () => {
    await forge.close();
    await rm(folder, { recursive: true, force: true });
  });
  /** As when its disk is not mounted any more. */
  const breakStore = async (): Promise<() => Promise<void>> => {
    const files = join(folder, 'files');
    await rename(files, `${files}-away`);
    return () => rename(`${files}-away`, files);
  };

  it('fails the platform after four attempts, in words, and its quota is given back', async () => {
    const mend = await breakStore();
    const { id } = await forge.generate('acme', { name: 'Nowhere to put it', template: 'worker' });
    await forge.gaveUp();
    expect(await forge.show('acme', id)).toMatchObject({
      status: 'FAILED',
      failureReason: 'The store for artifacts could not be reached. The quota was given back.',
      artifact: null,
    });
    expect(await forge.quota('acme')).toEqual({ used: 0, held: 0 });
    expect(await generationOf(forge, id)).toMatchObject({ state: 'FAILED', settled: true });
    const [job] = await forge.sql<{ state: string; attempts: number }>(
      `select state, attempts from jobs.jobs where payload ->> 'platformId' = $1`,
      [id],
    );
    expect(job).toEqual({ state: 'dead', attempts: 4 });
    await mend();
    expect((await forge.keysOf('acme')).filter((key) => key.startsWith('artifacts/'))).toEqual([]);
  });

  it('for a while only delays the platform, and is paid for once', async () => {
    const mend = await breakStore();
    const { id } = await forge.generate('acme', { name: 'A little later', template: 'worker' });
    await forge.delayed();
    await mend();
    await forge.gaveUp();
    expect(await forge.show('acme', id)).toMatchObject({ status: 'READY', failureReason: null });
    expect(await forge.quota('acme')).toEqual({ used: 1, held: 0 });
  });

  it('keeps the artifact there was when the platform cannot be generated again', async () => {
    const made = await forge.generated('acme', { name: 'Kept', template: 'worker' });
    const before = await forge.quota('acme');
    const mend = await breakStore();
    await forge.as({ tenant: 'acme', user: 'ada' }).query(REGENERATE, { id: made.id });
    await forge.gaveUp();
    await mend();
    const failed = await forge.show('acme', made.id);
    expect(failed).toMatchObject({ status: 'FAILED', artifact: made.artifact, expiresAt: made.expiresAt });
    const fetched = await forge.as({ tenant: 'acme' }).fetch(new URL(failed.artifact!.url).pathname);
    expect(fetched.status).toBe(200);
    await fetched.body!.cancel();
    expect(await forge.quota('acme')).toEqual(before);
  });
});
