import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import { buildSchema } from 'graphql';
import { openRegistry } from '../parts/schema-commands/open-registry.js';
import { publishFiles } from '../test-support/publish-files.js';
import { runCommand, worldIn } from '../test-support/run-command.js';
import { runProgram } from '../test-support/run-program.js';
import { writeFiles } from '../test-support/write-files.js';
import { explainCommand } from './explain.js';
import { lintCommand } from './lint.js';
import { schemaCommand } from './schema.js';

const ROOT = process.cwd();
const NOTES = `type Query {
  "The notes of the caller's tenant."
  notes("How many." first: Int, "Behind which." after: String): NoteConnection
  "A greeting."
  hello: String
}

"A note."
type Note @key(fields: "id") {
  "UUIDv7."
  id: ID!
  "What it says."
  text: String!
}

"A page of notes."
type NoteConnection {
  "The notes."
  nodes: [Note!]!
  "With their cursors."
  edges: [NoteEdge!]!
  "Where it begins and ends."
  pageInfo: PageInfo!
}

"A note in its page."
type NoteEdge {
  "The note."
  node: Note!
  "Its place."
  cursor: String!
}
`;
const STARS = `extend type Query {
  "The star of the day."
  getStar: Star!
}

"A star."
type Star {
  "Its name."
  name: String
}
`;
const PRODUCT = `export default {
  name: 'notes', owner: 'nobody', resolvers: {}, publicFields: ['Query.notes', 'NoteConnection.nodes'],
  database: { product: 'notes', migrations: new URL('./migrations/', import.meta.url) },
};`;

let folder: string;
let database: TestDatabase;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stack-looks-'));
  database = await createTestDatabase('empty', () => Promise.resolve());
  const files: Readonly<Record<string, string>> = {
    'notes.graphql': NOTES,
    'stars.graphql': STARS,
    'package.json': '{}',
    'product.mjs': PRODUCT,
    'migrations/20261122000000_notes/migration.sql': 'CREATE TABLE notes (tenant_id uuid NOT NULL, id uuid);',
    'prisma/schema.prisma': 'model Note {\n  id String\n  @@map("notes")\n}\n',
    'supergraph.yaml': supergraph(
      `  stars: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: stars.graphql } }`,
    ),
    'broken.yaml': supergraph(`  stars: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: gone.graphql } }`),
    'old.graphql': 'type Query { old: Int }\n',
    'old.yaml': 'subgraphs:\n  old: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: old.graphql } }\n',
    'clean.yaml': supergraph('').replace('product.mjs', 'gone.mjs'),
    'op.graphql': 'query Hello { hello }\nquery Notes($first: Int) { notes(first: $first) { nodes { text } } }\n',
  };
  await writeFiles(folder, files);
  env = {
    DATA_DIR: join(folder, 'data'),
    DATABASE_URL: database.url,
    SUPERGRAPH_CONFIG: join(folder, 'supergraph.yaml'),
    LOG_LEVEL: 'silent',
  };
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const supergraph = (more: string): string => `subgraphs:
  notes: { routing_url: "http://127.0.0.1:1/graphql", schema: { file: notes.graphql } }
${more}
products:
  notes: { module: ./product.mjs, path_prefix: /notes }
`;

const stack = (...args: string[]) =>
  runCommand([lintCommand, schemaCommand, explainCommand], { root: folder, env }, args);

describe('stack lint', () => {
  it('tells what breaks the rules, where, and what to do, and ends with 1', async () => {
    const { printed, complained, exitCode } = await stack('lint', '--subgraph', 'stars');
    expect(printed).toContain(`error nullable-root-fields: The field \`Query.getStar\` cannot be null`);
    expect(printed).toContain('at stars.graphql:3:3 (subgraph stars)');
    expect(printed).toContain('> 3 |   getStar: Star!');
    expect(printed).toContain('→ Call it `star`.');
    expect(printed).toContain('Nobody can say which fields of "stars" are public');
    expect([complained, exitCode]).toEqual([expect.stringMatching(/^2 subgraphs: 2 errors, 1 hint\.$/m), 1]);
  });

  it('finds a leak by the declaration, the migrations and the Prisma schema of a product', async () => {
    const { printed, exitCode } = await stack('lint', '--json', '--rule', 'tenant-owned-behind-a-tenant');
    expect(exitCode).toBe(1);
    expect(JSON.parse(printed)).toMatchObject({
      ok: false,
      findings: [
        {
          code: 'tenant-owned-behind-a-tenant',
          severity: 'error',
          message: expect.stringContaining(
            '(Query.notes → NoteConnection.nodes). Its objects are a tenant\'s: they are rows of the tenants\' table "notes.notes".',
          ),
          subgraph: 'notes',
          place: { file: 'notes.graphql', line: 19, column: 3 },
        },
        { severity: 'hint', subgraph: 'stars' },
      ],
    });
  });

  it('ends with 0 where there are hints alone, and says why a declaration could not be loaded', async () => {
    const { printed, exitCode } = await stack('lint', '--config', './clean.yaml', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(printed)).toMatchObject({
      ok: true,
      findings: [
        {
          severity: 'hint',
          subgraph: 'notes',
          details: [expect.stringMatching(/^The module "\.\/gone\.mjs" of product "notes" cannot be loaded: /)],
        },
      ],
    });
  });

  it('tells CI systems in their own ways', async () => {
    const github = await stack('lint', '--format', 'github', '--rule', 'resty-field-names');
    expect(github.printed).toBe(
      '::error file=stars.graphql,line=3,col=3,title=resty-field-names (subgraph stars)::The field `Query.getStar` begins with a verb.%0A→ Call it `star`.\n',
    );
    const junit = await stack('lint', '--format', 'junit', '--rule', 'resty-field-names');
    expect(junit.printed).toContain('<testsuite name="stack lint" tests="1" failures="1"');
  });

  it.each([
    [['--rule', 'nope'], /^There is no rule "nope": the rules are /],
    [['--subgraph', 'nope'], /^There is no subgraph "nope": supergraph\.yaml lists notes, stars\.$/],
    [
      ['--json', '--format', 'junit'],
      /^--json and --format junit are two ways to tell the same: leave out one of them\.$/,
    ],
    [['--config', 'nope.yaml'], /nope\.yaml cannot be read \(ENOENT\)\.$/],
  ])('cannot look, in one sentence: %j', async (args, sentence) => {
    const { printed, error } = await stack('lint', ...args);
    expect([printed, error]).toEqual(['', expect.stringMatching(sentence)]);
  });

  it('finds nothing in this repository, and ends as the real command with 0; with 2 it says why it could not', async () => {
    const place = { root: ROOT, env: process.env };
    expect(await runProgram(place, ['lint', '--json'])).toMatchObject({
      exitCode: 0,
      printed: '{"ok":true,"findings":[]}\n',
    });
    expect(await runProgram(place, ['lint', '--subgraph', 'nope'])).toEqual({
      exitCode: 2,
      printed: '',
      complained: expect.stringMatching(/^stack: There is no subgraph "nope": [^\n]*\n$/m),
    });
  });
});

describe('stack schema', () => {
  it('prints what clients see, sorted if asked to', async () => {
    const { printed, exitCode } = await stack('schema');
    expect(Object.keys(buildSchema(printed).getQueryType()!.getFields())).toEqual(['notes', 'hello', 'getStar']);
    expect([printed.includes('join__'), printed.includes("The notes of the caller's tenant."), exitCode]).toEqual([
      false,
      true,
      0,
    ]);
    const sorted = await stack('schema', '--api', '--sort');
    expect(Object.keys(buildSchema(sorted.printed).getQueryType()!.getFields())).toEqual(['getStar', 'hello', 'notes']);
  });

  it('prints the supergraph, and a subgraph as its team wrote it', async () => {
    expect((await stack('schema', '--supergraph')).printed).toContain('@join__type(graph: NOTES, key: "id")');
    expect((await stack('schema', '--subgraph', 'stars')).printed).toBe(STARS);
    const { printed } = await stack('schema', '--subgraph', 'stars', '--json');
    expect(JSON.parse(printed)).toEqual({ ok: true, version: null, schema: STARS });
  });

  it('prints the version that was published, and says so where there is none', async () => {
    expect((await stack('schema', '--published')).error).toBe('Nothing was published yet: "stack publish" does.');
    const opened = await openRegistry(worldIn({ root: folder, env }), undefined);
    await publishFiles(opened, join(folder, 'old.yaml'));
    await opened.close();
    const { printed } = await stack('schema', '--published', '--json');
    expect(JSON.parse(printed)).toEqual({ ok: true, version: 1, schema: 'type Query {\n  old: Int\n}' });
    expect((await stack('schema', '--published', '--subgraph', 'old')).printed).toBe('type Query { old: Int }\n');
  });

  it.each([
    [['--subgraph', 'nope'], /^There is no subgraph "nope": there are notes, stars\.$/],
    [['--config', './broken.yaml'], /broken\.yaml:3: \S+gone\.graphql cannot be read \(ENOENT\)\.$/],
    [['--registry', 'nope'], /^--registry "nope" is not an http or https URL\.$/],
    [['--supergraph', '--subgraph', 'notes'], /cannot be used with/],
  ])('cannot be printed, in one sentence: %j', async (args, sentence) => {
    const { printed, error } = await stack('schema', ...args);
    expect([printed, error]).toEqual(['', expect.stringMatching(sentence)]);
  });
});

describe('stack explain', () => {
  it('prints the plan, the cost and what the caller needs', async () => {
    const { printed, exitCode } = await stack('explain', '{ hello getStar { name } }');
    expect(exitCode).toBe(0);
    expect(printed).toMatch(/^Plan of the query: 2 subgraph requests, depth 1\ntogether\n├─ notes: query\n/);
    expect(printed).toContain('\nCost: 1\n  0  hello\n  1  getStar\n');
    expect(printed).toContain('Needed of the caller\n  nothing that the schema says');
  });

  it('reads a file, the operation that is named, and its variables', async () => {
    const args = ['--file', './op.graphql', '--operation', 'Notes', '--variables', '{ "first": 30 }', '--json'];
    const { printed } = await stack('explain', ...args);
    expect(JSON.parse(printed)).toMatchObject({
      ok: true,
      operation: { kind: 'query', name: 'Notes' },
      fetches: 1,
      depth: 1,
      cost: { total: 31, assumed: [] },
      requirements: [],
      plan: { kind: 'QueryPlan', node: { kind: 'Fetch', serviceName: 'notes' } },
    });
  });

  it('shows what is wrong with an operation, and ends with 1', async () => {
    const { printed, exitCode } = await stack('explain', '{\n  hello\n  nope\n}');
    expect(exitCode).toBe(1);
    expect(printed).toContain('error GRAPHQL_VALIDATION_FAILED: Cannot query field "nope" on type "Query".');
    expect(printed).toContain('> 3 |   nope');
    const json = await stack('explain', '{ nope }', '--json');
    expect(JSON.parse(json.printed)).toMatchObject({ ok: false, findings: [{ place: { line: 1, column: 3 } }] });
  });

  it.each([
    [[], /^Give one operation: stack explain '\{ … \}', or --file with the file that holds it\.$/],
    [['{ hello }', '--file', 'op.graphql'], /^Give one operation/],
    [['--file', 'gone.graphql'], /^gone\.graphql cannot be read \(ENOENT\)\.$/],
    [['{ hello }', '--variables', '{'], /^--variables is not JSON: /],
    [['{ hello }', '--variables', '[]'], /^--variables must be a JSON object, such as /],
    [['{ hello }', '--operation', 'Nope'], /^There is no operation "Nope": the document holds one without a name\.$/],
  ])('cannot explain, in one sentence: %j', async (args, sentence) => {
    const { printed, error } = await stack('explain', ...args);
    expect([printed, error]).toEqual(['', expect.stringMatching(sentence)]);
  });
});
