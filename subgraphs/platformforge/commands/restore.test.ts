import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { newId } from '@inevitable/kit';
import { backUp, forgetOldBackups, listBackups, type Backup } from '../domain/upkeep/back-up.js';
import { templateKey } from '../domain/kept-files.js';
import { packTemplateArchive } from '../rendering/pack-template-archive.js';
import { templateContent } from '../rendering/template-content.js';
import { uploadedManifest } from '../rendering/template-manifest.js';
import { openUpkeep, type Upkeep, type UpkeepTenant } from '../testing/open-upkeep.js';
import { restore } from './restore.js';

let upkeep: Upkeep;
beforeAll(async () => {
  upkeep = await openUpkeep();
});
afterAll(() => upkeep.close());

let tenants = 0;
const newTenant = () => {
  const name = `tenant ${++tenants}`;
  return { name, ...upkeep.tenant(name), caller: upkeep.product.as({ tenant: name, user: 'ada' }) };
};
type Tenant = ReturnType<typeof newTenant>;

async function archiveOf(name: string, text: string): Promise<Uint8Array> {
  const parameters = { type: 'object' };
  const manifest = uploadedManifest.parse({ name, title: name, description: 'A test.', parameters });
  const file = { path: 'hello.txt', bytes: Buffer.from(text), executable: false };
  return packTemplateArchive(templateContent(manifest, [file]));
}

async function upload({ caller }: Tenant, name: string, text: string): Promise<void> {
  const body = Buffer.from(await archiveOf(name, text));
  const response = await caller.fetch('/platformforge/templates', { method: 'POST', body });
  expect([200, 201]).toContain(response.status);
}

async function remove({ caller }: Tenant, name: string): Promise<void> {
  const { errors } = await caller.query(
    'mutation ($name: String!) { deletePlatformTemplate(input: { name: $name }) { name } }',
    {
      name,
    },
  );
  expect(errors).toBeUndefined();
}

async function keepDays({ caller }: Tenant, days: number): Promise<void> {
  const CHANGE = 'mutation ($days: Int!) { updatePlatformSettings(input: { keepDays: $days }) { keepDays } }';
  expect((await caller.query(CHANGE, { days })).errors).toBeUndefined();
}

/** What there is to lose: keepDays, and the text of each template. */
async function configurationOf({ db, files }: UpkeepTenant) {
  const templates: Record<string, string> = {};
  for (const { id, name, sha256 } of await db.template.findMany({ orderBy: { name: 'asc' } })) {
    const content = await files.read(templateKey(id));
    const tar = gunzipSync(await new Response(content!.body).arrayBuffer()).toString('latin1');
    templates[name] = `${sha256.slice(0, 6)} ${/text: \w+/.exec(tar)?.[0]}`;
  }
  return { keepDays: (await db.setting.findFirst())?.keepDays ?? null, templates };
}

/** The command, with its lines; throws what it throws. */
async function command(tenant: UpkeepTenant, options: Record<string, string | true> = {}): Promise<string[]> {
  const lines: string[] = [];
  await restore.run({ ...tenant, options, print: (line) => lines.push(line), log: console as never });
  return lines;
}

const make = async (tenant: Tenant): Promise<string> => {
  const run = await upkeep.run('platformforge.back-up', tenant.name);
  expect(run).toMatchObject({ state: 'succeeded', log: [] });
  return run.note!;
};
const contentOf = async ({ files }: UpkeepTenant, key: string): Promise<Backup> =>
  JSON.parse(gunzipSync(await new Response((await files.read(key))!.body).arrayBuffer()).toString());
const write = ({ files }: UpkeepTenant, key: string, content: unknown) =>
  files.put(key, gzipSync(JSON.stringify(content)));
const UNKNOWN = 'backups/20260101t030000z-00000000-0000-7000-8000-000000000000.json.gz';

/** Settings and two templates, backed up. */
async function backedUpTenant(): Promise<Tenant & { readonly key: string }> {
  const tenant = newTenant();
  await keepDays(tenant, 60);
  await upload(tenant, 'first', 'text: one');
  await upload(tenant, 'second', 'text: two');
  return { ...tenant, key: await make(tenant) };
}

describe('The weekly backup', () => {
  it('holds settings and templates, as they were uploaded', async () => {
    const tenant = await backedUpTenant();
    expect(tenant.key).toMatch(/^backups\/\d{8}t\d{6}z-[0-9a-f-]{36}\.json\.gz$/);
    const { templates, ...rest } = await contentOf(tenant, tenant.key);
    const ada = (tenant.caller.context.caller as { userId: string }).userId;
    expect(rest).toEqual({
      format: 1,
      madeAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      settings: { keepDays: 60, updatedBy: ada },
    });
    expect(templates.map(({ manifest, createdBy }) => [manifest.name, createdBy])).toEqual([
      ['first', ada],
      ['second', ada],
    ]);
    expect(Buffer.from(templates[0]!.archive, 'base64')).toEqual(Buffer.from(await archiveOf('first', 'text: one')));
  });

  it('is kept eight times, the oldest goes', async () => {
    const tenant = newTenant();
    await keepDays(tenant, 60);
    const keys: string[] = [];
    for (let week = 0; week < 10; week += 1) {
      keys.push(await make(tenant));
      await upkeep.product.clock.advance({ seconds: 7 * 86_400 });
    }
    expect((await listBackups(tenant.files)).map(({ key }) => key)).toEqual(keys.slice(2));
  });

  it('is made once by a job that is run again', async () => {
    const tenant = await backedUpTenant();
    const id = newId();
    const deps = { ...tenant, signal: new AbortController().signal, log: { warn: () => undefined } };
    const key = await backUp(id, deps);
    await keepDays(tenant, 90);
    expect(await backUp(id, deps)).toBe(key);
    expect((await contentOf(tenant, key!)).settings).toMatchObject({ keepDays: 60 });
    expect(await forgetOldBackups(tenant.files)).toBe(0);
  });

  it('says which template it could not hold, and holds the others', async () => {
    const tenant = await backedUpTenant();
    const [first, second] = await tenant.db.template.findMany({ orderBy: { name: 'asc' } });
    await upload(tenant, 'third', 'text: three');
    await tenant.files.put(templateKey(first!.id), Buffer.from('no archive'));
    await tenant.files.delete(templateKey(second!.id));
    const run = await upkeep.run('platformforge.back-up', tenant.name);
    expect(run.log).toEqual([
      expect.stringMatching(
        /^warn: a template is not in the backup {"template":"first","because":"its file is damaged: /,
      ),
      'warn: a template is not in the backup {"template":"second","because":"its file is gone"}',
    ]);
    expect((await contentOf(tenant, run.note!)).templates.map(({ manifest }) => manifest.name)).toEqual(['third']);
  });

  it('is not made of a tenant that has neither settings nor templates', async () => {
    const tenant = newTenant();
    const run = await upkeep.run('platformforge.back-up', tenant.name);
    expect(run).toMatchObject({ state: 'succeeded', note: 'neither settings nor templates to back up' });
    expect(await listBackups(tenant.files)).toEqual([]);
  });
});

describe('stack platformforge restore', () => {
  it('puts back what is missing, and says so line by line', async () => {
    const tenant = await backedUpTenant();
    const before = await configurationOf(tenant);
    await remove(tenant, 'first');
    await tenant.db.setting.deleteMany();
    expect(await command(tenant)).toEqual([
      expect.stringMatching(new RegExp(`^${tenant.key}, made at 20`)),
      'settings: keepDays was not set, put back to 60',
      'template "first": was missing, put back',
      'template "second": as in the backup',
    ]);
    expect(await configurationOf(tenant)).toEqual(before);
    const again = await command(tenant);
    expect(again.slice(1)).toEqual([
      'settings: as in the backup',
      'template "first": as in the backup',
      'template "second": as in the backup',
    ]);
  });

  it('puts back what differs, keeps what it replaces in another backup, and leaves what is newer', async () => {
    const tenant = await backedUpTenant();
    const before = await configurationOf(tenant);
    await upload(tenant, 'first', 'text: changed');
    await upload(tenant, 'newer', 'text: newer');
    await keepDays(tenant, 7);
    const changed = await configurationOf(tenant);
    const lines = await command(tenant);
    const saved = /^what is there now is kept in (\S+)$/.exec(lines[1]!)![1]!;
    expect(lines.slice(2)).toEqual([
      'settings: keepDays was 7, put back to 60',
      'template "first": was another version, put back',
      'template "second": as in the backup',
      'template "newer": not in the backup, left as it is',
    ]);
    expect(await configurationOf(tenant)).toEqual({
      keepDays: 60,
      templates: { ...before.templates, newer: changed.templates['newer'] },
    });
    await upkeep.product.jobs.settled('platformforge.discard');
    await command(tenant, { backup: saved });
    expect(await configurationOf(tenant)).toEqual(changed);
  });

  it('changes nothing with --dry-run, and says the same', async () => {
    const tenant = await backedUpTenant();
    await remove(tenant, 'first');
    await upload(tenant, 'second', 'text: changed');
    await keepDays(tenant, 7);
    await upkeep.product.jobs.settled('platformforge.discard'); // of the version that was replaced
    const before = await configurationOf(tenant);
    const files = await tenant.files.list('', null);
    const dry = await command(tenant, { dryRun: true });
    expect(dry).toEqual([
      expect.stringMatching(/: what would be done$/),
      'settings: keepDays was 7, put back to 60',
      'template "first": was missing, put back',
      'template "second": was another version, put back',
    ]);
    expect(await configurationOf(tenant)).toEqual(before);
    expect(await tenant.files.list('', null)).toEqual(files);
    const lines = await command(tenant, { backup: tenant.key });
    expect(lines.slice(2)).toEqual(dry.slice(1));
  });

  it('lists the backups of the tenant, the latest first, and takes the latest unless told', async () => {
    const tenant = await backedUpTenant();
    await upkeep.product.clock.advance({ seconds: 7 * 86_400 });
    await keepDays(tenant, 90);
    const latest = await make(tenant);
    const lines = await command(tenant, { list: true });
    expect(lines).toEqual(
      [latest, tenant.key].map((key) => expect.stringMatching(new RegExp(`^${key} {2}\\d+ bytes$`))),
    );
    expect((await command(tenant))[0]).toMatch(new RegExp(`^${latest}`));
    expect((await command(tenant, { backup: tenant.key }))[2]).toBe('settings: keepDays was 90, put back to 60');
  });

  it('says that there is none where there is none', async () => {
    const tenant = newTenant();
    expect(await command(tenant, { list: true })).toEqual(['There is no backup of this tenant.']);
    await expect(command(tenant)).rejects.toThrow('There is no backup of this tenant.');
    await expect(command(tenant, { backup: UNKNOWN })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it("answers for another tenant's backup as for one that does not exist, and takes no other file's key", async () => {
    const [ours, theirs] = [await backedUpTenant(), await backedUpTenant()];
    await expect(command(ours, { backup: theirs.key })).rejects.toMatchObject({ message: 'No such backup.' });
    for (const backup of [
      `../${theirs.id}/${theirs.key}`,
      `platformforge/${theirs.id}/${theirs.key}`,
      `${ours.key}/../../${theirs.id}`,
      templateKey(newId()),
      '/etc/passwd',
      'backups/',
    ])
      await expect(command(ours, { backup })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it.each<[what: string, damage: (backup: Backup) => unknown, why: RegExp]>([
    ['of a later format', (backup) => ({ ...backup, format: 2 }), /it is not what this version writes \(format: /],
    ['of something else', () => ({ users: [] }), /it is not what this version writes/],
    [
      'without a field',
      ({ format, madeAt, templates }) => ({ format, madeAt, templates }),
      /it is not what this version writes \(settings: /,
    ],
    [
      'with settings nobody could have made',
      (backup) => ({ ...backup, settings: { ...backup.settings, keepDays: 0 } }),
      /not what this version writes \(settings: keepDays/,
    ],
    [
      'with an archive that was changed',
      ({ templates: [first, second], ...backup }) => ({
        ...backup,
        templates: [first, { ...second, archive: first!.archive }],
      }),
      /its template "second" is damaged: its archive is another one/,
    ],
    [
      'with a template that calls itself otherwise',
      ({ templates: [first], ...backup }) => ({ ...backup, templates: [{ ...first, manifest: { name: 'other' } }] }),
      /its template "other" is damaged: its archive holds another template/,
    ],
    [
      'with a template twice',
      ({ templates: [first], ...backup }) => ({ ...backup, templates: [first, first] }),
      /its template "first" is damaged: it is there twice/,
    ],
  ])('refuses a backup %s, in words, before anything is changed', async (_what, damage, why) => {
    const tenant = await backedUpTenant();
    await write(tenant, UNKNOWN, damage(await contentOf(tenant, tenant.key)));
    await remove(tenant, 'first');
    await keepDays(tenant, 7);
    const before = await configurationOf(tenant);
    const refused = command(tenant, { backup: UNKNOWN });
    await expect(refused).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringMatching(why) });
    expect(await configurationOf(tenant)).toEqual(before);
  });

  it('refuses a file that is cut off, flipped, no gzip, or unpacks to more than any backup', async () => {
    const tenant = await backedUpTenant();
    const whole = Buffer.from(await new Response((await tenant.files.read(tenant.key))!.body).arrayBuffer());
    const flipped = Buffer.from(whole);
    flipped[Math.floor(whole.length / 2)]! ^= 0x10;
    // 300 MB of spaces, in members of 10 (RFC 1952, section 2.2).
    const bomb = Buffer.concat(Array.from({ length: 30 }).fill(gzipSync(Buffer.alloc(10_000_000, ' '))) as Buffer[]);
    for (const bytes of [whole.subarray(0, -20), flipped, Buffer.from('{}'), Buffer.alloc(0), bomb]) {
      await tenant.files.put(UNKNOWN, bytes);
      await expect(command(tenant, { backup: UNKNOWN })).rejects.toMatchObject({
        code: 'BAD_USER_INPUT',
        message: `The backup ${UNKNOWN} cannot be restored, and nothing was changed: the file is damaged.`,
      });
    }
  });

  it('refuses to restore more templates than a tenant may have, before anything is changed', async () => {
    const tenant = await backedUpTenant();
    await remove(tenant, 'first');
    await tenant.db.template.createMany({
      data: Array.from({ length: 99 }, (_, index) => ({
        id: newId(),
        name: `one-of-many-${index}`,
        manifest: {},
        sha256: '0'.repeat(64),
        sizeBytes: 1,
        fileCount: 1,
        createdBy: newId(),
      })),
    });
    await keepDays(tenant, 7);
    await expect(command(tenant)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: 'There would be 101 templates, and a tenant has at most 100: delete some first.',
    });
    expect((await tenant.db.setting.findFirst())?.keepDays).toBe(7);
  });

  it("does not put back what is called like one of the stack's own now", async () => {
    const tenant = newTenant();
    await keepDays(tenant, 60);
    await upload(tenant, 'first', 'text: one');
    const backup = await contentOf(tenant, await make(tenant));
    const archive = Buffer.from(await archiveOf('rest-service', 'text: mine'));
    const mine = {
      ...backup.templates[0]!,
      manifest: { name: 'rest-service' },
      sha256: createHash('sha256').update(archive).digest('hex'),
      archive: archive.toString('base64'),
    };
    await write(tenant, UNKNOWN, { ...backup, templates: [mine] });
    expect((await command(tenant, { backup: UNKNOWN })).slice(2)).toEqual([
      'template "rest-service": not put back, one of the stack\'s own has this name now',
      'template "first": not in the backup, left as it is',
    ]);
    expect(Object.keys((await configurationOf(tenant)).templates)).toEqual(['first']);
  });
});
