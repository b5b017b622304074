import { newId, type UserId } from '@inevitable/kit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { archiveOf, greeting, templateNamed } from '../../testing/test-platform-forge.js';
import { openUpkeep, type Upkeep, type UpkeepTenant } from '../../testing/open-upkeep.js';
import { TooManyUploads, uploadTemplate } from './upload-template.js';

let upkeep: Upkeep;
beforeAll(async () => {
  upkeep = await openUpkeep();
});
afterAll(() => upkeep.close());

const author = newId() as UserId;
const namesOf = async ({ db }: UpkeepTenant): Promise<string[]> =>
  (await db.template.findMany({ select: { name: true } })).map(({ name }) => name);
const filesOf = async ({ files }: UpkeepTenant): Promise<number> => (await files.list('templates/', null)).length;
const upload = async (deps: Pick<UpkeepTenant, 'files' | 'transaction'>, files = greeting) =>
  uploadTemplate(deps, await archiveOf(files), author);

/** Until `work` is done, the tenant's templates are another process's. */
const whileAnotherKeepsOne = (tenant: UpkeepTenant, work: () => Promise<unknown>): Promise<unknown> =>
  tenant.transaction(async ({ db }) => {
    await db.$executeRaw`select pg_advisory_xact_lock(hashtextextended('platformforge templates ' || current_tenant(), 0))`;
    return work();
  });

describe('The file of an upload', () => {
  it('goes where its row could not be written, whatever the reason', async () => {
    const tenant = upkeep.tenant('failing');
    await upkeep.rows(`alter table platformforge.templates add constraint no_luck check (name <> 'no-luck')`);
    await expect(upload(tenant, templateNamed('no-luck'))).rejects.toThrow('no_luck');
    expect({ names: await namesOf(tenant), files: await filesOf(tenant) }).toEqual({ names: [], files: 0 });
  });

  it('stays where its row was written and the answer of that was lost', async () => {
    const tenant = upkeep.tenant('losing');
    const lost = new Error('The connection was lost.');
    let transactions = 0;
    const transaction: UpkeepTenant['transaction'] = async (work) => {
      const result = await tenant.transaction(work);
      if ((transactions += 1) === 1) throw lost;
      return result;
    };
    await expect(upload({ files: tenant.files, transaction })).rejects.toBe(lost);
    expect({ names: await namesOf(tenant), files: await filesOf(tenant) }).toEqual({ names: ['greeting'], files: 1 });
  });

  it('stays while nobody can tell: the transaction that may write its row is not over', async () => {
    const tenant = upkeep.tenant('doubting');
    const lost = new Error('The connection was lost.');
    await whileAnotherKeepsOne(tenant, async () => {
      let transactions = 0;
      const transaction: UpkeepTenant['transaction'] = async (work) => {
        if ((transactions += 1) === 1) throw lost;
        return tenant.transaction(work);
      };
      await expect(upload({ files: tenant.files, transaction })).rejects.toBe(lost);
    });
    expect(await filesOf(tenant)).toBe(1);
  });
});

describe('Uploads of one tenant through two processes', () => {
  it('take turns: one waits, holding no connection, until the other is over', async () => {
    const tenant = upkeep.tenant('patient');
    let tries = 0;
    let open = 0;
    let isOver!: () => void;
    const over = new Promise<void>((resolve) => (isOver = resolve));
    const transaction: UpkeepTenant['transaction'] = async (work) => {
      open += 1;
      const result = await tenant.transaction(work);
      open -= 1;
      if ((tries += 1) === 2) isOver();
      return result;
    };
    const other = whileAnotherKeepsOne(tenant, () => over);
    const uploaded = upload({ files: tenant.files, transaction });
    await other;
    expect(open).toBe(0);
    expect(await uploaded).toMatchObject({ isNew: true, template: { name: 'greeting' } });
    expect({ names: await namesOf(tenant), files: await filesOf(tenant) }).toEqual({ names: ['greeting'], files: 1 });
  });

  it('are refused in words when that takes too long, with nothing left, and other tenants do not notice', async () => {
    const tenant = upkeep.tenant('impatient');
    await whileAnotherKeepsOne(tenant, async () => {
      const [refused, others] = await Promise.allSettled([upload(tenant), upload(upkeep.tenant('unaware'))]);
      expect(refused).toEqual({ status: 'rejected', reason: new TooManyUploads() });
      expect(others).toMatchObject({ status: 'fulfilled', value: { isNew: true } });
    });
    expect({ names: await namesOf(tenant), files: await filesOf(tenant) }).toEqual({ names: [], files: 0 });
  });
});
