import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Conflict,
  NotFound,
  type NewVersion,
  type Publication,
  type RecordedUsage,
  type SchemaRegistry,
} from '@inevitable/contract';
import fc from 'fast-check';
import { ADA } from '../../gateway/test-support/test-identity.js';
import { handles } from '../../gateway/test-support/test-subgraphs.js';
import { testGateway, type TestGateway } from '../../gateway/test-support/test-gateway.js';
import { historyCommand } from '../../scripts/commands/history.js';
import { publishCommand } from '../../scripts/commands/publish.js';
import { rollbackCommand } from '../../scripts/commands/rollback.js';
import { runCommand } from '../../scripts/test-support/run-command.js';
import { newVersion, supergraphText } from '../../subgraphs/operations/testing/a-supergraph.js';
import { openTestOperations, type TestOperations } from '../../subgraphs/operations/testing/open-test-operations.js';
import { graphqlRegistry, RegistryUnavailable } from '../../toolchain/registry/graphql-registry.js';
import { operationsSupergraph } from './registry/operations-supergraph.js';

/** One implementation of the port. */
interface Opened {
  readonly registry: SchemaRegistry & RecordedUsage;
  /** As whom it publishes what `tests` publishes. */
  readonly by: string;
}

let operations: TestOperations;
let gateway: TestGateway;
beforeAll(async () => {
  operations = await openTestOperations();
  gateway = await testGateway({
    registry: { current: async () => ({ id: 'operations', sdl: await operationsSupergraph() }) },
    subgraphs: handles(operations.subgraph),
    products: [],
  });
});
afterAll(async () => {
  await gateway.close();
  await operations.close();
});
beforeEach(() => empty());

const empty = async (): Promise<void> =>
  void (await operations.rows(
    'truncate operations.schema_publications, operations.schema_version_subgraphs, operations.schema_versions, operations.schema_texts, operations.operations cascade',
  ));

describeSchemaRegistry('the database', () => ({
  registry: {
    ...operations.schemas,
    operations: operations.usage.operations,
    since: operations.usage.since,
    leftOut: operations.usage.leftOut,
  },
  by: 'tests',
}));
describeSchemaRegistry('the GraphQL of a gateway', () => ({
  registry: graphqlRegistry(gateway.url, gateway.identity.accessToken({ claims: { adm: true } })),
  by: ADA.sub,
}));

function describeSchemaRegistry(name: string, open: () => Opened): void {
  describe(`The schema registry in ${name}`, () => {
    let registry: Opened['registry'];
    let by: string;
    beforeEach(() => {
      ({ registry, by } = open());
    });

    const history = (first = 100, before: number | null = null) => registry.publications({ first, before });
    const publish = (mark: string, basedOn: number | null = null) => registry.publish(newVersion(mark, { basedOn }));

    it('has no version before the first publication', async () => {
      expect(await registry.current()).toBeNull();
      expect(await registry.version(1)).toBeNull();
      expect(await history()).toEqual([]);
      await expect(registry.rollback({ to: 1, by, reason: null, basedOn: 1 })).rejects.toThrow(NotFound);
    });

    it('serves what was published last, with everything it was published with', async () => {
      const subgraphs = [
        { name: 'notes', routingUrl: 'http://notes.test/graphql', sdl: 'type Query { "ä 𝄞" notes: Int }' },
        { name: 'accounts', routingUrl: 'https://accounts.test/', sdl: 'type Query { accounts: Int }' },
      ];
      const sdl = supergraphText('v1', { accounts: 'https://accounts.test/', notes: 'http://notes.test/graphql' });
      const wanted: NewVersion = {
        sdl,
        subgraphs,
        by: 'tests',
        gitRevision: 'f00ba4-dirty',
        forced: true,
        findings: ['Query.old is used by web 1.2.', 'Query.older is used, too.'],
        reason: 'It is urgent.',
        basedOn: null,
      };
      const published = await registry.publish(wanted);
      expect(published).toEqual({
        position: 1,
        version: 1,
        gitRevision: 'f00ba4-dirty',
        kind: 'publish',
        at: expect.any(Date),
        by,
        forced: true,
        findings: wanted.findings,
        reason: 'It is urgent.',
      });
      const version = {
        number: 1,
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        sdl,
        subgraphs: [subgraphs[1], subgraphs[0]],
        createdAt: published.at,
        createdBy: by,
        gitRevision: 'f00ba4-dirty',
      };
      expect(await registry.current()).toEqual(version);
      expect(await registry.version(1)).toEqual(version);
      expect(await history()).toEqual([published]);
    });

    it('takes the current content once more for no new version, whatever it was checked against', async () => {
      const first = await publish('a');
      expect(await publish('a', 1)).toEqual(first);
      expect(await publish('a', null)).toEqual(first);
      expect(await history()).toEqual([first]);
    });

    it('takes another text of a subgraph, or another URL, for a new version, also of the same supergraph', async () => {
      await publish('a');
      const { subgraphs } = newVersion('a');
      const renamed = subgraphs.map((subgraph) => ({ ...subgraph, sdl: `# the same\n${subgraph.sdl}` }));
      const moved = subgraphs.map((subgraph) => ({ ...subgraph, routingUrl: 'http://elsewhere.test' }));
      expect(await registry.publish(newVersion('a', { subgraphs: renamed, basedOn: 1 }))).toMatchObject({ version: 2 });
      expect(await registry.publish(newVersion('a', { subgraphs: moved, basedOn: 2 }))).toMatchObject({ version: 3 });
      expect((await registry.version(1))!.id).toBe((await registry.version(2))!.id);
    });

    it('refuses what was checked against a version that is not the current one any more, and says whose is', async () => {
      await publish('a');
      await publish('b', 1);
      await expect(publish('c', 1)).rejects.toThrow(
        new Conflict(
          `The current version of the supergraph is version 2, by ${by}, and this was checked against version 1. Check it again, and publish then.`,
        ),
      );
      await expect(publish('c', null)).rejects.toThrow('this was checked against none');
      await expect(registry.rollback({ to: 1, by, reason: null, basedOn: 1 })).rejects.toThrow(Conflict);
      expect(await history()).toHaveLength(2);
    });

    it('lets one of two publish that publish at once, and tells the other', async () => {
      await publish('a');
      const both = await Promise.allSettled([publish('b', 1), publish('c', 1)]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: expect.any(Conflict) });
      expect((await registry.current())!.number).toBe(2);
    });

    it('rolls back by a publication of its own, to any version there is', async () => {
      await publish('a');
      await publish('b', 1);
      const back = await registry.rollback({ to: 1, by: 'tests', reason: 'b is slow', basedOn: 2 });
      expect(back).toEqual({
        position: 3,
        version: 1,
        gitRevision: null,
        kind: 'rollback',
        at: expect.any(Date),
        by,
        forced: false,
        findings: [],
        reason: 'b is slow',
      });
      expect((await registry.current())!.number).toBe(1);
      expect(await registry.rollback({ to: 1, by, reason: null, basedOn: 1 })).toEqual(back);
      expect(await publish('b', 1)).toMatchObject({ position: 4, version: 3, kind: 'publish' });
      await expect(registry.rollback({ to: 4, by, reason: null, basedOn: 3 })).rejects.toThrow(
        new NotFound('version 4 of the supergraph'),
      );
    });

    it('tells its history page by page, the newest first', async () => {
      await publish('a');
      await operations.rows(`insert into operations.schema_publications
        (id, position, version, kind, at, by, forced, findings, reason)
        select gen_random_uuid(), n, 1, 'rollback', now(), 'tests', false, '{}', null from generate_series(2, 250) n`);
      const positions = async (first: number, before: number | null) =>
        (await history(first, before)).map(({ position }) => position);
      expect(await positions(2, null)).toEqual([250, 249]);
      expect(await positions(2, 249)).toEqual([248, 247]);
      expect(await positions(5, 3)).toEqual([2, 1]);
      expect(await positions(5, 1)).toEqual([]);
      expect(await positions(220, null)).toEqual(Array.from({ length: 220 }, (_, at) => 250 - at));
      expect(await positions(1_000, null)).toHaveLength(250);
    });

    it('keeps the history that a plain list would, whatever is published and rolled back in whatever order', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { maxLength: 12 }), async (steps) => {
          await empty();
          const model = new Model();
          for (const step of steps) {
            const outcome = await outcomeOf(step, registry, model.current);
            expect(outcome).toEqual(model.take(step));
          }
          const kept = await history();
          expect(kept.map(({ position, version, kind }) => ({ position, version, kind }))).toEqual(
            model.history.toReversed(),
          );
          for (const [at, mark] of model.versions.entries())
            expect((await registry.version(at + 1))!.sdl).toBe(supergraphText(mark));
        }),
        { numRuns: 8 },
      );
    });

    it('adds one publication at most, and none with a gap before it, when many are decided upon the same version', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(anyStep, { maxLength: 5 }), { maxLength: 4 }), async (rounds) => {
          await empty();
          let known: readonly Publication[] = [];
          for (const round of rounds) {
            const current = known[0]?.version ?? null;
            await Promise.all(round.map((step) => outcomeOf({ ...step, stale: false }, registry, current)));
            const now = await history();
            const added = now.slice(0, now.length - known.length);
            expect(now.slice(added.length)).toEqual(known);
            expect(added.length).toBeLessThanOrEqual(1);
            known = now;
          }
          expect(known.map(({ position }) => position)).toEqual(known.map((_, at) => known.length - at));
          const versions = [...new Set(known.filter(({ kind }) => kind === 'publish').map(({ version }) => version))];
          expect(versions).toEqual(versions.map((_, at) => versions.length - at));
        }),
        { numRuns: 6 },
      );
    });

    it('tells what clients sent, page by page, and since when that is known', async () => {
      expect(await registry.operations({ days: 30, first: 10, after: null })).toEqual([]);
      expect([await registry.since(), await registry.leftOut()]).toEqual([null, null]);
      const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
      const signatures = Array.from({ length: 130 }, (_, at) => at.toString(16).padStart(64, '0'));
      await operations.usage.record(
        signatures.map((signature) => ({
          signature,
          operationName: 'Notes',
          document: 'query Notes { notes }',
          inputs: ['NoteOrder.NEWEST'],
          client: { name: 'web', version: null },
          plan: 'pro',
          hour,
          count: 3,
          errors: 1,
          totalMs: 2.5,
        })),
      );
      const [first, ...rest] = await registry.operations({ days: 30, first: 120, after: null });
      expect(first).toEqual({
        signature: signatures[0],
        operationName: 'Notes',
        document: 'query Notes { notes }',
        inputs: ['NoteOrder.NEWEST'],
        count: 3,
        lastSeen: expect.any(Date),
        clients: [{ name: 'web', version: null, plan: 'pro', count: 3 }],
      });
      expect(rest).toHaveLength(119);
      const last = await registry.operations({ days: 30, first: 120, after: rest.at(-1)!.signature });
      expect(last.map(({ signature }) => signature)).toEqual(signatures.slice(120));
      expect(await registry.since()).toEqual(expect.any(Date));
      const at = new Date('2026-11-20T10:00:00Z');
      await operations.rows('insert into operations.usage_left_out (last_seen_at) values ($1)', [at]);
      expect(await registry.leftOut()).toEqual(at);
      await operations.rows('delete from operations.usage_left_out');
    });
  });
}

type Step = { readonly stale: boolean } & (
  { readonly kind: 'publish'; readonly mark: string } | { readonly kind: 'rollback'; readonly to: number }
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('publish' as const), mark: fc.constantFrom('a', 'b', 'c'), stale: rarely() }),
  fc.record({ kind: fc.constant('rollback' as const), to: fc.integer({ min: 1, max: 5 }), stale: rarely() }),
);

function rarely(): fc.Arbitrary<boolean> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
}

/** No version of a test has this number. */
const STALE = 1_000;

type Outcome = { readonly position: number; readonly version: number } | 'conflict' | 'not found';

async function outcomeOf(step: Step, registry: SchemaRegistry, current: number | null): Promise<Outcome> {
  const basedOn = step.stale ? STALE : current;
  try {
    const { position, version } =
      step.kind === 'publish'
        ? await registry.publish(newVersion(step.mark, { basedOn }))
        : await registry.rollback({ to: step.to, by: 'tests', reason: null, basedOn: basedOn ?? STALE });
    return { position, version };
  } catch (error) {
    if (error instanceof Conflict) return 'conflict';
    if (error instanceof NotFound) return 'not found';
    throw error;
  }
}

/** What the registry promises, as plain lists. */
class Model {
  /** The content of version 1, 2, 3 … */
  readonly versions: string[] = [];
  /** Oldest first. */
  readonly history: Pick<Publication, 'position' | 'version' | 'kind'>[] = [];

  get current(): number | null {
    return this.history.at(-1)?.version ?? null;
  }

  take(step: Step): Outcome {
    const last = this.history.at(-1);
    const isCurrent =
      step.kind === 'publish' ? this.versions[(last?.version ?? 0) - 1] === step.mark : last?.version === step.to;
    if (last && isCurrent) return { position: last.position, version: last.version };
    if (step.kind === 'rollback' && step.to > this.versions.length) return 'not found';
    if (step.stale) return 'conflict';
    const version = step.kind === 'publish' ? this.versions.push(step.mark) : step.to;
    const position = this.history.length + 1;
    this.history.push({ position, version, kind: step.kind });
    return { position, version };
  }
}

describe('The GraphQL of a gateway', () => {
  const asked = (token: string, url = gateway.url) => graphqlRegistry(url, token).current();

  it('refuses a token that does not hold, and one of nobody who may, in one sentence each', async () => {
    const expired = gateway.identity.accessToken({ claims: { adm: true, exp: 1 } });
    for (const token of ['nonsense', expired])
      await expect(asked(token)).rejects.toThrow(
        new RegistryUnavailable(
          `The token is not accepted by ${gateway.url}: give STACK_TOKEN a fresh one of a platform administrator, as "stack token --user <login>" prints it.`,
        ),
      );
    const ofTenant = gateway.identity.accessToken({ claims: { roles: ['owner', 'admin'] } });
    await expect(asked(ofTenant)).rejects.toThrow(
      new RegistryUnavailable(
        `The token of STACK_TOKEN is of nobody who may do this at ${gateway.url}: it takes a platform administrator's.`,
      ),
    );
  });

  it('that is not there, or is something else, is told in one sentence', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const nobody = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
    await expect(asked('token', nobody)).rejects.toThrow(
      `${nobody} cannot be reached: ECONNREFUSED. Is the stack running there?`,
    );
    await expect(asked('token', `${gateway.url}/elsewhere`)).rejects.toThrow(
      `${gateway.url}/elsewhere does not answer as a stack does (status 404).`,
    );
  });

  it('takes schemas of several megabytes, which are compressed on their way, and says so of what is still too large', async () => {
    const token = gateway.identity.accessToken({ claims: { adm: true } });
    const registry = graphqlRegistry(gateway.url, token);
    const fields = Array.from({ length: 60_000 }, (_, at) => `"The field number ${at}." field${at}: String`).join('\n');
    const large = `${supergraphText('large')} extend type Query {\n${fields}\n}`;
    expect(large.length).toBeGreaterThan(2_500_000);
    expect(await registry.publish(newVersion('large', { sdl: large }))).toMatchObject({ version: 1 });
    expect((await registry.current())!.sdl).toBe(large);
    const incompressible = `${supergraphText('x')}\n# ${randomBytes(900_000).toString('base64')}`;
    await expect(registry.publish(newVersion('x', { sdl: incompressible, basedOn: 1 }))).rejects.toThrow(
      `The schemas have more than 1 MiB when compressed, which is the most that the gateway at ${gateway.url} takes. Publish them at the machine, without --registry.`,
    );
  });
});

describe('The commands with --registry', () => {
  it('publish, tell and roll back in the stack at that address, as the administrator of STACK_TOKEN', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stack-remote-'));
    const schema = (fields: string) => writeFile(join(folder, 'notes.graphql'), `type Query { ${fields} }\n`);
    await writeFile(
      join(folder, 'supergraph.yaml'),
      'subgraphs: { notes: { routing_url: "http://notes.test/graphql", schema: { file: notes.graphql } } }\n',
    );
    const env = {
      SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml'),
      DATA_DIR: join(folder, 'none'),
      STACK_TOKEN: gateway.identity.accessToken({ claims: { adm: true } }),
    };
    const stack = async (...args: string[]) => {
      const commands = [publishCommand, historyCommand, rollbackCommand];
      const asked = [...args, '--registry', gateway.url, '--json'];
      const { exitCode, printed } = await runCommand(commands, { root: folder, env }, asked);
      return { exitCode, ...(JSON.parse(printed) as object) };
    };
    await schema('notes: Int');
    expect(await stack('publish')).toMatchObject({ exitCode: 0, publication: { version: 1, by: ADA.sub } });
    await schema('notes: Int more: Int');
    expect(await stack('publish')).toMatchObject({ exitCode: 0, before: 1, publication: { version: 2 } });
    await schema('notes: Int');
    expect(await stack('publish')).toMatchObject({ exitCode: 1, outcome: 'refused' }); // nobody's use is known
    expect(await stack('rollback')).toMatchObject({ exitCode: 0, before: 2, publication: { version: 1 } });
    expect(await stack('history')).toMatchObject({
      publications: [{ kind: 'rollback' }, { version: 2 }, { version: 1, kind: 'publish', by: ADA.sub }],
    });
    await rm(folder, { recursive: true });
  });
});
