import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { TestStack, until, type Session } from '../support/test-stack.js';

const GENERATE = `mutation ($name: String!, $template: String!) {
  generatePlatform(input: { name: $name, template: $template }) { id }
}`;
const PLATFORMS = `{ viewer { tenant {
  platforms(first: 100) { nodes { id name status failureReason artifact { url sizeBytes sha256 } } }
  platformQuota { used }
} } }`;
const TEMPLATES = '{ platformTemplates { name } }';

interface Platform {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly failureReason: string | null;
  readonly artifact: { readonly url: string; readonly sizeBytes: number; readonly sha256: string } | null;
}

async function generate(by: Session, name: string, template = 'static-site'): Promise<string> {
  const { body } = await by.query(GENERATE, { name, template });
  if (body.errors) throw new Error(body.errors[0]!.message);
  return (body.data!['generatePlatform'] as { id: string }).id;
}

async function platformsOf(session: Session): Promise<{ platforms: readonly Platform[]; used: number }> {
  const { body } = await session.query(PLATFORMS);
  const { tenant } = (body.data as { viewer: { tenant: Record<string, unknown> } }).viewer;
  const { nodes } = tenant['platforms'] as { nodes: Platform[] };
  return { platforms: nodes, used: (tenant['platformQuota'] as { used: number }).used };
}

async function namedPlatform(session: Session, name: string): Promise<Platform> {
  return (await platformsOf(session)).platforms.find((platform) => platform.name === name)!;
}

const isOver = ({ status }: Platform): boolean => !['QUEUED', 'GENERATING'].includes(status);

const fetchArtifact = (by: Session, url: string): Promise<Response> =>
  fetch(url, { headers: { authorization: `Bearer ${by.accessToken}` } });

/** The paths in an archive. */
async function listedIn(archive: Response): Promise<string[]> {
  const input = Buffer.from(await archive.arrayBuffer());
  return execFileSync('tar', ['-tzf', '-'], { input, encoding: 'utf8' }).split('\n');
}

describe('After kill -9 of the stack in the middle of generations', () => {
  it('every platform that was acknowledged ends ready or says why not, whole, charged once, and nothing else is left', async () => {
    const stack = await TestStack.start({ embedded: true, mode: 'one-process' });
    const ada = await stack.signIn('ada@acme.test');
    const acknowledged: string[] = [];
    const asking = Array.from({ length: 30 }, async (_, index) => {
      const id = await generate(ada, `Platform ${index}`).catch(() => null); // killed while it was asked for
      if (id) acknowledged.push(id);
    });
    await until('the first one is ready', async () => {
      const rows = await stack.sql("select from platformforge.platforms where status = 'READY'");
      return rows.length > 0 && acknowledged.length >= 10;
    });
    stack.processes[0]!.child.kill('SIGKILL');
    await Promise.all([...asking, stack.processes[0]!.ended]);
    const open = await stack.sql("select from platformforge.platforms where status in ('QUEUED', 'GENERATING')");
    expect(open.length).toBeGreaterThan(0);

    // What a killed writer leaves, an hour later.
    const drafts = join(stack.dataDir, 'files/.drafts');
    await writeFile(join(drafts, randomUUID()), 'half of an artif');
    const before = new Date(Date.now() - 7_200_000);
    for (const name of await readdir(drafts)) await utimes(join(drafts, name), before, before);

    await stack.start();
    const again = await stack.signIn('ada@acme.test');
    await until(
      'every platform is over',
      async () => (await platformsOf(again)).platforms.every(isOver),
      90_000, // the leases of the killed worker have to end first
    );
    const { platforms } = await platformsOf(again);
    expect(acknowledged.filter((id) => !platforms.some((platform) => platform.id === id))).toEqual([]);
    for (const { status, failureReason } of platforms)
      expect([status, failureReason]).toEqual(
        status === 'READY' ? ['READY', null] : ['FAILED', expect.stringMatching(/\w+ \w+/)],
      );

    const ready = platforms.filter(({ status }) => status === 'READY');
    await stack.advanceClock({ seconds: 960 }); // what was reserved for a request that was killed with its row has expired
    await until('the ledger agrees', async () => (await platformsOf(again)).used === ready.length);
    for (const { artifact } of ready) {
      const bytes = Buffer.from(await (await fetchArtifact(again, artifact!.url)).arrayBuffer());
      expect(bytes.length).toBe(artifact!.sizeBytes);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(artifact!.sha256);
    }
    const files = await readdir(join(stack.dataDir, 'files'), { recursive: true });
    const kept = files.filter((path) => path.includes('/artifacts/') && path.endsWith('.gz'));
    expect(kept).toHaveLength(ready.length);
    await until('no draft is left', async () => (await readdir(drafts)).length === 0);
    await stack.signal('SIGTERM');
    await rm(stack.dataDir, { recursive: true });
  }, 180_000);
});

describe('When PlatformForge is deployed for customers that was deployed for ourselves', () => {
  it('neither internal templates nor artifacts of before are reachable, and what is generated anew holds nothing internal', async () => {
    const settings: Record<string, string> = {};
    const stack = await TestStack.start({ settings });
    const ada = await stack.signIn('ada@acme.test');
    const names = async (session: Session) =>
      ((await session.query(TEMPLATES)).body.data!['platformTemplates'] as { name: string }[]).map(({ name }) => name);
    expect(await names(ada)).toContain('internal-probe');
    await generate(ada, 'Probe', 'internal-probe');
    await generate(ada, 'Subgraph', 'graphql-subgraph');
    await until('both are ready', async () =>
      (await platformsOf(ada)).platforms.every(({ status }) => status === 'READY'),
    );
    const [probe, subgraph] = await Promise.all(['Probe', 'Subgraph'].map((name) => namedPlatform(ada, name)));
    const unpacked = await listedIn(await fetchArtifact(ada, subgraph!.artifact!.url));
    expect(unpacked).toEqual(expect.arrayContaining([expect.stringMatching(/\.env\.development$/)]));

    expect(await stack.signal('SIGTERM')).toEqual(stack.processes.map(() => 0));
    settings['PLATFORMFORGE_DEPLOYMENT_CONTEXT'] = 'customer';
    await stack.start();
    const again = await stack.signIn('ada@acme.test');
    expect(await names(again)).not.toContain('internal-probe');
    const { body } = await again.query(GENERATE, { name: 'Another probe', template: 'internal-probe' });
    expect(body).toMatchObject({
      data: { generatePlatform: null },
      errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'input.template' } }],
    });
    for (const { name, artifact } of [probe!, subgraph!]) {
      expect((await namedPlatform(again, name)).artifact).toBeNull();
      expect((await fetchArtifact(again, artifact!.url)).status).toBe(404);
    }

    const REGENERATE = 'mutation ($id: ID!) { regeneratePlatform(input: { id: $id }) { status } }';
    expect((await again.query(REGENERATE, { id: subgraph!.id })).body).toEqual({
      data: { regeneratePlatform: { status: 'QUEUED' } },
    });
    await until('it is ready anew', async () => (await namedPlatform(again, 'Subgraph')).artifact !== null);
    const anew = await listedIn(await fetchArtifact(again, (await namedPlatform(again, 'Subgraph')).artifact!.url));
    expect(anew).toEqual(expect.arrayContaining(['subgraph/package.json']));
    expect(anew.filter((path) => /(^|\/)(seeds\/|\.env)/.test(path))).toEqual([]);
    await stack.close();
  }, 120_000);
});
