import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiKeyId, Caller, PublishedSupergraph, UserId } from '@inevitable/contract';
import { until } from '@inevitable/kit/testing';
import pg from 'pg';
import { pino } from 'pino';
import { newVersion, supergraphText } from '../testing/a-supergraph.js';
import { openTestOperations, type TestOperations } from '../testing/open-test-operations.js';
import { openSchemaRegistry } from './open-schema-registry.js';

/** Each table, with a change of its rows. */
const CHANGES: Readonly<Record<string, string>> = {
  schema_texts: "text = ''",
  schema_versions: 'git_revision = null',
  schema_version_subgraphs: "routing_url = ''",
  schema_publications: 'version = 2, told = true',
};
const TABLES = Object.keys(CHANGES);

let test: TestOperations;
beforeAll(async () => {
  test = await openTestOperations();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.rows(`truncate ${TABLES.map((table) => `operations.${table}`).join(', ')}`);
  test.heard.length = 0;
  test.busIsAway(false);
});

const publish = (mark: string, basedOn: number | null = null) => test.schemas.publish(newVersion(mark, { basedOn }));

describe('What was published', () => {
  it('cannot be changed or removed, neither by the system role nor by the app role', async () => {
    await publish('a');
    for (const url of [test.systemUrl, test.appUrl]) {
      const client = new pg.Client({ connectionString: url, options: '-c search_path=operations' });
      await client.connect();
      for (const table of TABLES)
        for (const statement of [`delete from ${table}`, `truncate ${table}`, `update ${table} set ${CHANGES[table]}`])
          await expect(client.query(statement)).rejects.toThrow(`permission denied for table ${table}`);
      await client.end();
    }
    expect(await test.lint()).toEqual([]);
  });

  it('keeps a text once, however many versions have it', async () => {
    await publish('a');
    await publish('b', 1);
    await publish('a', 2);
    const [counts] = await test.rows(
      'select (select count(*)::int from operations.schema_texts) as texts, (select count(*)::int from operations.schema_versions) as versions',
    );
    expect(counts).toEqual({ texts: 4, versions: 3 });
  });

  it('is published as an event, each once and in order, also what no bus took at first', async () => {
    await publish('a');
    const forced = await test.schemas.publish(
      newVersion('b', { basedOn: 1, forced: true, findings: ['It breaks web.'] }),
    );
    test.busIsAway(true);
    expect(await test.run('operations.tell-publications')).toMatchObject({ state: 'dead', error: 'the bus is away' });
    await test.schemas.rollback({ to: 1, by: 'somebody', reason: null, basedOn: 2 });
    test.busIsAway(false);
    for (const log of [['told', 'told', 'told'], []])
      expect(await test.run('operations.tell-publications')).toMatchObject({
        state: 'succeeded',
        log: log.map(() => expect.stringContaining('a publication was told')),
      });
    expect(test.heard.map(({ payload }) => payload)).toEqual([
      { position: 1, version: 1, kind: 'publish', by: 'tests', forced: false },
      { position: 2, version: 2, kind: 'publish', by: 'tests', forced: true },
      { position: 3, version: 1, kind: 'rollback', by: 'somebody', forced: false },
    ]);
    const ids = await test.rows<{ id: string }>('select id from operations.schema_publications order by position');
    expect(test.heard[1]).toEqual({
      id: ids[1]!.id,
      name: 'operations.schema.published.v1',
      tenantId: null,
      aggregate: 'supergraph',
      payload: expect.anything(),
      occurredAt: forced.at.toISOString(),
      correlationId: expect.any(String),
    });
  });
});

describe('Watching the registry', () => {
  const log = pino({ level: 'silent' });
  const opened = () => openSchemaRegistry(test.systemUrl, log);
  const numbers = (told: readonly PublishedSupergraph[]) => told.map(({ number }) => number);

  it('begins with the current version, and tells each watcher of every one that becomes it, until it ends', async () => {
    const registry = opened();
    await publish('a');
    const [first, second]: PublishedSupergraph[][] = [[], []];
    const endFirst = registry.watch((version) => first!.push(version));
    registry.watch((version) => second!.push(version));
    await until('both are told of version 1', () => first!.length === 1 && second!.length === 1);
    const current = (await test.schemas.current())!;
    expect(first).toEqual([{ number: 1, id: current.id, sdl: supergraphText('a') }]);
    await publish('b', 1);
    await until('both are told of version 2', () => first!.length === 2 && second!.length === 2);
    endFirst();
    endFirst();
    await test.schemas.rollback({ to: 1, by: 'tests', reason: null, basedOn: 2 });
    await until('the second is told of the rollback', () => second!.length === 3);
    expect([numbers(first!), numbers(second!)]).toEqual([
      [1, 2],
      [1, 2, 1],
    ]);
    await registry.close();
  });

  it('tells nothing while nothing is published, and nothing twice', async () => {
    const registry = opened();
    const told: PublishedSupergraph[] = [];
    registry.watch((version) => told.push(version));
    await until('it listens', async () => (await listeners()).length === 1);
    expect(told).toEqual([]);
    await publish('a');
    await publish('a', 1);
    await until('version 1 is told', () => told.length > 0);
    await publish('b', 1);
    await until('version 2 is told', () => told.length > 1);
    expect(numbers(told)).toEqual([1, 2]);
    await registry.close();
  });

  it('hears of the newest version again after its connections were cut', async () => {
    const registry = opened();
    const told: PublishedSupergraph[] = [];
    registry.watch((version) => told.push(version));
    await until('it listens', async () => (await listeners()).length === 1);
    for (const { pid } of await listeners()) await test.rows('select pg_terminate_backend($1)', [pid]);
    await publish('a');
    await until('version 1 is told', () => told.length === 1);
    expect(numbers(told)).toEqual([1]);
    await registry.close();
  });

  it('says in words why nothing is heard, and that it is over', async () => {
    await publish('a');
    const registry = opened();
    const problems: (string | null)[] = [];
    const told: PublishedSupergraph[] = [];
    await test.rows('revoke select on operations.schema_publications from operations_system');
    registry.watch(
      (version) => told.push(version),
      (problem) => problems.push(problem),
    );
    await until('the problem is told', () => problems.length === 1);
    expect(told).toEqual([]);
    await test.rows('grant select on operations.schema_publications to operations_system');
    await until('it is over', () => problems.length === 2);
    expect(problems).toEqual([
      'the database of operations does not answer: permission denied for table schema_publications',
      null,
    ]);
    expect(numbers(told)).toEqual([1]);
    await registry.close();
  });

  it('leaves no connection behind', async () => {
    const registry = opened();
    const end = registry.watch(() => undefined);
    await until('it listens', async () => (await listeners()).length === 1);
    end();
    await until('nobody listens', async () => (await listeners()).length === 0);
    registry.watch(() => undefined);
    await registry.close();
    expect(await listeners()).toEqual([]);
  });

  const listeners = () =>
    test.rows<{ pid: number }>(
      "select pid from pg_stat_activity where datname = current_database() and application_name = 'stack:listen:schema-publications'",
    );
});

const NOTES = 'http://notes.test/graphql';
const FIELDS = `{ position version { number supergraph subgraphs { name routingUrl schema } } kind by forced findings reason }`;
const PUBLISH = `mutation ($input: PublishSchemaInput!) { publishSchema(input: $input) ${FIELDS} }`;
const ROLLBACK = `mutation ($input: RollbackSchemaInput!) { rollbackSchema(input: $input) ${FIELDS} }`;

const inputOf = (mark: string, changes: Readonly<Record<string, unknown>> = {}) => {
  const { sdl: supergraph, subgraphs } = newVersion(mark);
  return {
    supergraph,
    subgraphs: subgraphs.map(({ name, routingUrl, sdl }) => ({ name, routingUrl, schema: sdl })),
    ...changes,
  };
};
const packedOf = (content: unknown): string => gzipSync(JSON.stringify(content)).toString('base64');
const mutate = async (mutation: string, input: object, caller?: Caller) =>
  JSON.parse(JSON.stringify(await test.ask(mutation, caller, { input }))) as {
    readonly data: Record<string, unknown>;
    readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];
  };

describe('Publishing through the graph', () => {
  it('takes schemas as they are, and packed, and knows by itself who publishes', async () => {
    const { supergraph, subgraphs } = inputOf('a');
    const expected = {
      position: 1,
      version: { number: 1, supergraph, subgraphs },
      kind: 'PUBLISH',
      by: 'root',
      forced: false,
      findings: [],
      reason: null,
    };
    expect(await mutate(PUBLISH, inputOf('a'))).toEqual({ data: { publishSchema: expected } });
    expect(await mutate(PUBLISH, { packed: packedOf(inputOf('a')), basedOn: 1 })).toEqual({
      data: { publishSchema: expected },
    });
    await mutate(PUBLISH, { packed: packedOf(inputOf('b')), basedOn: 1 });
    expect(await mutate(ROLLBACK, { to: 1, basedOn: 2, reason: 'b is slow' })).toEqual({
      data: { rollbackSchema: { ...expected, position: 3, kind: 'ROLLBACK', reason: 'b is slow' } },
    });
    const { data } = await test.ask('{ currentSchema { number } schemaVersion(number: 2) { number createdBy } }');
    expect(data).toEqual({ currentSchema: { number: 1 }, schemaVersion: { number: 2, createdBy: 'root' } });
  });

  it('leaves a record for the audit of who published, forced or not, and none of what was refused', async () => {
    const left = () =>
      test.rows(`select name, tenant_id as tenant, payload ->> 'outcome' as outcome, payload -> 'actor' as actor
        from operations.outbox where kind = 'audit' order by sequence`);
    const before = (await left()).length;
    await mutate(PUBLISH, inputOf('a', { forced: true }));
    await mutate(PUBLISH, inputOf('a', { basedOn: 0 }));
    await mutate(ROLLBACK, { to: 7, basedOn: 1 });
    expect((await left()).slice(before)).toEqual([
      {
        name: 'operations.publishSchema',
        tenant: '00000000-0000-0000-0000-000000000000',
        outcome: 'success',
        actor: { kind: 'user', id: 'root' },
      },
    ]);
  });

  it.each<[string, object, string, string]>([
    ['nothing', {}, 'input.packed', 'Give either supergraph and subgraphs, or packed.'],
    ['both', { ...inputOf('a'), packed: 'x' }, 'input.packed', 'Give either supergraph and subgraphs, or packed.'],
    ['no supergraph', inputOf('a', { supergraph: 'type Query { a: Int }' }), 'input.supergraph', 'no supergraph'],
    ['no GraphQL', inputOf('a', { supergraph: 'enum join__Graph {' }), 'input.supergraph', 'That is not GraphQL'],
    [
      'a supergraph of over 16 MiB',
      inputOf('a', { supergraph: `#${'x'.repeat(17_000_000)}` }),
      'input.supergraph',
      '16 MiB',
    ],
    [
      'other subgraphs',
      inputOf('a', { supergraph: supergraphText('a', { x: 'http://x.test' }) }),
      'input.subgraphs',
      'not the subgraphs',
    ],
    [
      'a subgraph twice',
      inputOf('a', { subgraphs: [...inputOf('a').subgraphs, ...inputOf('a').subgraphs] }),
      'input.subgraphs',
      'not the subgraphs',
    ],
    ['no subgraphs', inputOf('a', { subgraphs: [] }), 'input.subgraphs', 'must name what'],
    [
      'over 500 subgraphs',
      inputOf('a', { subgraphs: Array.from({ length: 501 }, () => inputOf('a').subgraphs[0]) }),
      'input.subgraphs',
      'at most 500',
    ],
    [
      'a subgraph that is no GraphQL',
      inputOf('a', { subgraphs: [{ ...inputOf('a').subgraphs[0], schema: '}' }] }),
      'input.subgraphs.0.schema',
      'That is not GraphQL',
    ],
    [
      'a subgraph without an address',
      inputOf('a', { subgraphs: [{ ...inputOf('a').subgraphs[0], routingUrl: 'javascript:1' }] }),
      'input.subgraphs.0.routingUrl',
      'http',
    ],
    ['the character 0', inputOf('a', { supergraph: `#\0${supergraphText('a')}` }), 'input.supergraph', 'NUL'],
    ['a text that is not packed', { packed: 'nonsense' }, 'input.packed', 'gzip'],
    ['packed text that is no JSON', { packed: gzipSync('{').toString('base64') }, 'input.packed', 'JSON'],
    ['packed JSON of something else', { packed: packedOf([]) }, 'input.packed', ''],
    [
      'what unpacks to 60 MB of brackets',
      { packed: gzipSync(Buffer.alloc(60_000_000, '[')).toString('base64') },
      'input.packed',
      '16 MiB',
    ],
    [
      'JSON of deep brackets',
      { packed: gzipSync(Buffer.alloc(15_000_000, '[')).toString('base64') },
      'input.packed',
      'deeper than 200',
    ],
    [
      'a supergraph of deep brackets',
      { packed: packedOf(inputOf('a', { supergraph: '['.repeat(14_000_000) })) },
      'input.packed.supergraph',
      'deeper than 200',
    ],
    [
      'a subgraph of deep brackets',
      inputOf('a', { subgraphs: [{ ...inputOf('a').subgraphs[0], schema: '{ a'.repeat(201) }] }),
      'input.subgraphs.0.schema',
      'deeper than 200',
    ],
    [
      'schemas of over a million tokens',
      inputOf('a', { supergraph: `type A { ${'a: A '.repeat(340_000)} }` }),
      'input.supergraph',
      '1000000 tokens',
    ],
    [
      'schemas of over 16 MiB together',
      inputOf('a', {
        supergraph: `${supergraphText('a')}#${'x'.repeat(9_000_000)}`,
        subgraphs: [{ ...inputOf('a').subgraphs[0], schema: `type A { a: Int } #${'x'.repeat(9_000_000)}` }],
      }),
      'input',
      '16 MiB together',
    ],
    [
      'a million mistakes',
      { packed: packedOf({ supergraph: supergraphText('a'), subgraphs: Array.from({ length: 1_000_000 }, () => 1) }) },
      'input.packed.subgraphs',
      'at most 500',
    ],
    [
      'another URL than the supergraph has',
      inputOf('a', { supergraph: supergraphText('a', { notes: 'http://evil.test' }) }),
      'input.subgraphs.0.routingUrl',
      'another URL',
    ],
    [
      'a supergraph with a subgraph more',
      inputOf('a', { supergraph: supergraphText('a', { notes: NOTES, evil: 'http://evil.test' }) }),
      'input.subgraphs',
      'not the subgraphs',
    ],
    [
      'two enums join__Graph',
      inputOf('a', { supergraph: `${supergraphText('a')} ${supergraphText('a', { notes: 'http://evil.test' })}` }),
      'input.supergraph',
      'more than one',
    ],
    [
      'an extended join__Graph',
      inputOf('a', {
        supergraph: `${supergraphText('a')} extend enum join__Graph { X @join__graph(name: "x", url: "http://x.test") }`,
      }),
      'input.supergraph',
      'more than one',
    ],
    [
      'a value of join__Graph with two names',
      inputOf('a', {
        supergraph: `enum join__Graph { A @join__graph(name: "notes", url: "${NOTES}") @join__graph(name: "x", url: "") }`,
      }),
      'input.supergraph',
      'which subgraph A is',
    ],
    [
      'a name that join__Graph has twice',
      inputOf('a', {
        supergraph: `enum join__Graph { A @join__graph(name: "notes", url: "http://evil.test") B @join__graph(name: "notes", url: "${NOTES}") }`,
      }),
      'input.supergraph',
      'names a subgraph twice',
    ],
    ...['http://ada:secret@notes.test/', 'http://notes.test/\u202egraphql'].map(
      (routingUrl): [string, object, string, string] => [
        `the URL ${JSON.stringify(routingUrl)}`,
        inputOf('a', {
          supergraph: supergraphText('a', { notes: routingUrl }),
          subgraphs: [{ ...inputOf('a').subgraphs[0], routingUrl }],
        }),
        'input.subgraphs.0.routingUrl',
        'must be an http or https URL',
      ],
    ),
    ['a reason of over 1,000 characters', inputOf('a', { reason: 'x'.repeat(1_001) }), 'input.reason', '1000'],
    ['a revision of two lines', inputOf('a', { gitRevision: 'a\nb' }), 'input.gitRevision', 'one line'],
    ['a version 0', inputOf('a', { basedOn: 0 }), 'input.basedOn', 'version'],
  ])('refuses %s, and says where', async (_what, input, field, words) => {
    const { data, errors } = await mutate(PUBLISH, input);
    expect(data).toEqual({ publishSchema: null });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field } }]);
    expect(errors![0]!.message).toContain(words);
    expect(await test.schemas.current()).toBeNull();
  });

  it('adds a finding of every subgraph that moves, whatever is said of it, also to what is rolled back', async () => {
    const at = (routingUrl: string) =>
      inputOf('a', {
        supergraph: supergraphText('a', { notes: routingUrl }),
        subgraphs: [{ ...inputOf('a').subgraphs[0], routingUrl }],
      });
    const moved = (from: string, to: string) =>
      `ROUTING_URL_MOVED: Subgraph "notes" moves from ${from} to ${to}: requests of every tenant, with tokens for "notes", go there.`;
    const findingsOf = async (mutation: string, input: object) =>
      (Object.values((await mutate(mutation, input)).data)[0] as { findings: string[] }).findings;
    const there = 'http://elsewhere.test/';
    expect(await findingsOf(PUBLISH, at(NOTES))).toEqual([]);
    expect(await findingsOf(PUBLISH, { ...at(there), basedOn: 1, findings: ['All is well.'] })).toEqual([
      'All is well.',
      moved(NOTES, there),
    ]);
    const said = [moved(there, NOTES)];
    expect(await findingsOf(PUBLISH, { ...at(NOTES), basedOn: 2, forced: true, findings: said })).toEqual(said);
    expect(await findingsOf(ROLLBACK, { to: 2, basedOn: 3 })).toEqual([moved(NOTES, there)]);
  });

  it('adds it also where the subgraph was left out in between: it moves from where it was last', async () => {
    const at = (name: string, routingUrl: string) =>
      inputOf('a', {
        supergraph: supergraphText('a', { [name]: routingUrl }),
        subgraphs: [{ ...inputOf('a').subgraphs[0], name, routingUrl }],
      });
    const findingsOf = async (mutation: string, input: object) =>
      (Object.values((await mutate(mutation, input)).data)[0] as { findings: string[] }).findings;
    const there = 'http://elsewhere.test/';
    const moved = (from: string, to: string) => expect.stringContaining(`"notes" moves from ${from} to ${to}:`);
    expect(await findingsOf(PUBLISH, at('notes', NOTES))).toEqual([]);
    expect(await findingsOf(PUBLISH, { ...at('users', NOTES), basedOn: 1 })).toEqual([]);
    expect(await findingsOf(PUBLISH, { ...at('notes', there), basedOn: 2 })).toEqual([moved(NOTES, there)]);
    expect(await findingsOf(ROLLBACK, { to: 2, basedOn: 3 })).toEqual([]);
    expect(await findingsOf(ROLLBACK, { to: 1, basedOn: 2 })).toEqual([moved(there, NOTES)]);
  });

  it('is held to the same at the machine, where nothing comes through the graph', async () => {
    const [subgraph] = newVersion('a').subgraphs;
    const publishing = (changes: object) => test.schemas.publish({ ...newVersion('a'), ...changes });
    await expect(publishing({ subgraphs: [{ ...subgraph!, routingUrl: 'http://evil.test' }] })).rejects.toThrow(
      '"notes" is at another URL here',
    );
    await expect(publishing({ sdl: supergraphText('a', { x: NOTES }) })).rejects.toThrow('not the subgraphs');
    const nowhere = newVersion('a', { subgraphs: [{ ...subgraph!, routingUrl: 'file:///a' }] });
    await expect(test.schemas.publish(nowhere)).rejects.toThrow('must be an http or https URL');
    expect(await test.schemas.current()).toBeNull();
  });

  it('counts no brackets in strings and comments', async () => {
    const brackets = '['.repeat(300);
    const schema = String.raw`# ${brackets}
      "${brackets}\"${brackets}" type A { """ ${brackets} \""" ${brackets} """ a: Int }`;
    const input = inputOf('a', { subgraphs: [{ ...inputOf('a').subgraphs[0], schema }] });
    expect(await mutate(PUBLISH, input)).toMatchObject({ data: { publishSchema: { version: { number: 1 } } } });
  });

  it('refuses 60 MB of brackets, and as many as it unpacks, at once', async () => {
    for (const count of [60_000_000, 15_000_000]) {
      const packed = gzipSync(Buffer.alloc(count, '[')).toString('base64');
      const from = performance.now();
      expect((await mutate(PUBLISH, { packed })).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
      expect(performance.now() - from).toBeLessThan(2_000);
    }
  });

  it('answers what does not exist, and what was overtaken, by its code', async () => {
    await publish('a');
    expect((await mutate(ROLLBACK, { to: 7, basedOn: 1 })).errors).toMatchObject([
      { extensions: { code: 'NOT_FOUND' } },
    ]);
    expect((await mutate(PUBLISH, inputOf('b'))).errors).toMatchObject([{ extensions: { code: 'CONFLICT' } }]);
    expect((await test.ask('{ schemaVersion(number: 7) { number } }')).errors).toMatchObject([
      { message: 'No such version 7 of the supergraph.', extensions: { code: 'NOT_FOUND' } },
    ]);
  });
});

describe('The registry in the graph', () => {
  it('is read page by page, the newest publication first', async () => {
    await publish('a');
    await publish('b', 1);
    await publish('c', 2);
    const page = async (args: string) => {
      const { data, errors } = await test.ask(
        `{ schemaPublications${args} { nodes { position version { number sha256 } } pageInfo { hasNextPage endCursor } } }`,
      );
      expect(errors).toBeUndefined();
      return (data as { schemaPublications: { nodes: { position: number }[]; pageInfo: Record<string, unknown> } })
        .schemaPublications;
    };
    const first = await page('(first: 2)');
    expect(first).toMatchObject({ nodes: [{ position: 3 }, { position: 2 }], pageInfo: { hasNextPage: true } });
    const cursor = String(first.pageInfo['endCursor']);
    expect(await page(`(first: 2, after: "${cursor}")`)).toMatchObject({
      nodes: [{ position: 1 }],
      pageInfo: { hasNextPage: false },
    });
    expect((await page('(beforePosition: 2)')).nodes).toMatchObject([{ position: 1, version: { number: 1 } }]);
    const elsewhere = Buffer.from('00000000-0000-7000-8000-000000000000').toString('base64url');
    expect((await test.ask(`{ schemaPublications(after: "${elsewhere}") { nodes { id } } }`)).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', field: 'after' } },
    ]);
  });

  const userId = 'somebody' as UserId;
  it.each<[Caller, string]>([
    [{ kind: 'member', userId }, 'FORBIDDEN'],
    [{ kind: 'member', userId, actor: 'root' as UserId }, 'FORBIDDEN'],
    [{ kind: 'apiKey', keyId: 'key' as ApiKeyId }, 'FORBIDDEN'],
    [{ kind: 'service', service: 'gateway' }, 'FORBIDDEN'],
    [{ kind: 'anonymous' }, 'UNAUTHENTICATED'],
  ])('is neither read nor written by %j', async (caller, code) => {
    await publish('a');
    for (const query of [
      '{ schemaPublications { nodes { id } } }',
      '{ currentSchema { number } }',
      '{ schemaVersion(number: 1) { number } }',
    ]) {
      const { data, errors } = await test.ask(query, caller);
      expect(Object.values(data!)).toEqual([null]);
      expect(errors).toMatchObject([{ extensions: { code } }]);
    }
    for (const [mutation, input] of [
      [PUBLISH, inputOf('b', { basedOn: 1 })],
      [ROLLBACK, { to: 1, basedOn: 1 }],
    ] as const) {
      const { data, errors } = await mutate(mutation, input, caller);
      expect(Object.values(data)).toEqual([null]);
      expect(errors).toMatchObject([{ extensions: { code } }]);
    }
    expect(await test.schemas.publications({ first: 10, before: null })).toHaveLength(1);
  });
});
