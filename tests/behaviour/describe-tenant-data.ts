import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { extract } from 'tar-stream';
import { until, type Session, type TestStack } from '../support/test-stack.js';

export function describeTenantData(running: () => TestStack): void {
  let stack: TestStack;
  beforeAll(() => {
    stack = running();
  });

  const as = (accessToken: string) => ({
    ask: (query: string) => stack.query(query, {}, { authorization: `Bearer ${accessToken}` }),
    get: (path: string) => fetch(`${stack.url}${path}`, { headers: { authorization: `Bearer ${accessToken}` } }),
  });
  type Asking = ReturnType<typeof as>;

  /** A tenant of gus's own, with a note and a platform. */
  async function newTenant(gus: Session, slug: string): Promise<{ readonly id: string; readonly owner: Asking }> {
    const made = await gus.query(
      `mutation { createTenant(input: { slug: "${slug}", name: "${slug}" }) { membership { tenantId } } }`,
    );
    const { membership } = made.body.data!['createTenant'] as { membership: { tenantId: string } };
    const { body } = await gus.query(`mutation { switchTenant(input: { tenant: "${slug}" }) { accessToken } }`);
    const { accessToken } = body.data!['switchTenant'] as { accessToken: string };
    const owner = as(accessToken);
    const written = await owner.ask(
      `mutation {
        createNote(input: { text: "to be taken along" }) { id }
        generatePlatform(input: { name: "Leaving", template: "static-site" }) { id }
      }`,
    );
    expect(written.body.errors).toBeUndefined();
    await until('the platform is there', async () => {
      const answer = await owner.ask('{ platforms { nodes { status } } }');
      return answer.text.includes('"READY"');
    });
    return { id: membership.tenantId, owner };
  }

  /** What runs every minute runs now. */
  const aMinuteLater = async (): Promise<void> => {
    await stack.sql(`update jobs.clock set ahead = ahead + interval '1 minute'`);
    await stack.sql(`select pg_notify('jobs', '*')`);
  };
  /** One minute for every fifty looks: what runs in one of them is let end. */
  const untilMinutes = (what: string, isTrue: () => Promise<boolean>): Promise<void> => {
    let looks = 0;
    return until(what, async () => {
      if (looks % 50 === 0) await aMinuteLater();
      looks += 1;
      return isTrue();
    });
  };

  const EXPORT = '{ viewer { tenant { export { state url } } } }';
  interface Exported {
    readonly viewer: { readonly tenant: { readonly export: { readonly state: string; readonly url: string } } };
  }

  describe('What a tenant has in every product', () => {
    let gus: Session;
    let id: string;
    let owner: Asking;
    beforeAll(async () => {
      gus = await stack.signIn('gus@globex.test');
      ({ id, owner } = await newTenant(gus, 'leaving'));
    });

    it('is one archive for its owner, and nobody else finds it', async () => {
      const { body } = await owner.ask(`mutation { exportTenant(input: { id: "${id}" }) { export { state } } }`);
      expect(body.errors).toBeUndefined();
      let archive: Exported['viewer']['tenant']['export'];
      await untilMinutes('the archive is ready', async () => {
        const answer = await owner.ask(EXPORT);
        archive = (answer.body.data as unknown as Exported).viewer.tenant.export;
        return archive.state === 'READY';
      });
      const path = new URL(archive!.url).pathname;
      const ada = await stack.signIn('ada@acme.test');
      expect((await as(ada.accessToken).get(path)).status).toBe(404);
      expect((await as(gus.accessToken).get(path)).status).toBe(404); // the same person, in another tenant
      expect((await fetch(`${stack.url}${path}`)).status).toBe(401);
      const files = await unpacked(Buffer.from(await (await owner.get(path)).arrayBuffer()));
      const note = JSON.parse(gunzipSync(files.get('starter/notes.0001.ndjson.gz')!).toString()) as object;
      expect(note).toMatchObject({ tenant_id: id, text: 'to be taken along' });
      expect([...files.keys()].join('\n')).toMatch(/^platformforge\/files\/.*\.tar\.gz$/m);
      expect(files.has('manifest.jws')).toBe(true);
    });

    it('is gone everywhere once its owner has given it up and the grace is over, and only that', async () => {
      const notesOf = async (slug: string) =>
        (
          await stack.sql(
            `select n.id from starter.notes n join identity.tenants t on t.id = n.tenant_id where t.slug = '${slug}' order by 1`,
          )
        ).length;
      const others = await notesOf('globex');
      const given = await owner.ask(`mutation { deleteTenant(input: { id: "${id}", slug: "leaving" }) { erasesAt } }`);
      expect(given.body.errors).toBeUndefined();
      await until('its tokens are refused', async () => {
        const { body } = await owner.ask('{ viewer { roles } }');
        return body.errors?.[0]?.extensions['code'] === 'TENANT_SUSPENDED';
      });
      await stack.sql(`update identity.data_orders set due_at = now() where tenant_id = '${id}'`); // the grace is over
      const root = await stack.signIn('root@platform.test');
      const state = async () => {
        const answer = await root.query(
          `{ tenantDeletion(tenant: "${id}") { state parts { product rows files jobs } } }`,
        );
        return answer.body.data!['tenantDeletion'] as { state: string; parts: { product: string; files: number }[] };
      };
      await untilMinutes('it is erased', async () => (await state()).state === 'ERASED');
      const { parts } = await state();
      expect(parts.map(({ product }) => product)).toEqual(['identity', 'operations', 'platformforge', 'starter']);
      expect(parts.find(({ product }) => product === 'platformforge')!.files).toBeGreaterThan(0);
      const left = await stack.sql(
        `select 1 from starter.notes where tenant_id = '${id}' union all select 1 from platformforge.platforms where tenant_id = '${id}'
         union all select 1 from starter.outbox where tenant_id = '${id}' union all select 1 from jobs.jobs where tenant_id = '${id}'
         union all select 1 from identity.tenants where id = '${id}'`,
      );
      expect(left).toEqual([]);
      expect(await notesOf('globex')).toBe(others);
      expect((await gus.query('{ viewer { tenant { slug } } }')).body.errors).toBeUndefined();
    });
  });
}

async function unpacked(archive: Buffer): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const untar = extract();
  untar.end(archive);
  for await (const entry of untar) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    files.set(entry.header.name, Buffer.concat(chunks));
  }
  return files;
}
