import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  defineCommand,
  defineEvent,
  defineJob,
  defineSubgraph,
  Forbidden,
  NotFound,
  type SubgraphDeclaration,
} from '@inevitable/kit';
import { userOf } from '@inevitable/contract';
import type { TestCaller } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';
import pg from 'pg';
import { z } from 'zod';
import { hostForContract, type UnderContract } from './host-for-contract.js';
import { judgeAudit } from './judge-audit.js';
import { judgeClosedEntities, judgeClosedFields, judgeExcuses } from './judge-closed-fields.js';
import { judgeComposition } from './judge-composition.js';
import { judgeDeclaration, judgeModule } from './judge-declaration.js';
import { judgeFiles } from './judge-files.js';
import { judgeHelp } from './judge-help.js';
import { judgeJobs, judgeRestart } from './judge-jobs.js';
import { judgeMigrations } from './judge-migrations.js';
import { judgeModels } from './judge-models.js';
import { judgeSchema } from './judge-schema.js';
import { judgeStrangers } from './judge-strangers.js';
import { judgeTables } from './judge-tables.js';
import { judgeErasure, judgeExport } from './judge-tenant-data.js';
import { productSchema } from './product-schema.js';
import { fixtureOf, schemaSources } from './stack-products.js';

const STARTER = join(process.cwd(), 'subgraphs/starter');
/** The starter with something else in place of its own. */
const damaged = (changes: Partial<SubgraphDeclaration>): SubgraphDeclaration =>
  defineSubgraph({ ...starter, ...changes });
const saying = (...texts: readonly string[]) => texts.map((text) => expect.stringContaining(text));

const whose = (owner: TestCaller, stranger: TestCaller) => ({
  ownerId: owner.context.tenant!.id,
  strangerId: stranger.context.tenant!.id,
  userId: userOf(owner.context.caller)!,
});

const NOTE = { id: 'x', text: 'x', createdBy: 'x', createdAt: new Date(0) };

let under: UnderContract | null = null;
afterEach(async () => {
  await under?.product.close();
  under = null;
});

/** Hosts it, with a note in the owner's tenant. */
async function host(declaration: SubgraphDeclaration = starter): Promise<UnderContract> {
  under = await hostForContract(declaration);
  const fixture = await fixtureOf({ name: 'starter', folder: STARTER });
  await fixture.fill(under.product, under.owner);
  return under;
}

async function asOwner(sql: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: under!.product.ownerUrl, options: '-c search_path=starter' });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

describe('The product contract refuses a product', () => {
  it('without a fixture, and says what to write where', async () => {
    await expect(fixtureOf({ name: 'planner', folder: join(process.cwd(), 'subgraphs/planner') })).rejects.toThrow(
      /"planner" has no fixture.*Write subgraphs\/planner\/testing\/fixture\.ts: its default export is a ProductFixture/,
    );
  });

  it.each([
    ['exports no declaration', {}, ['no default export']],
    [
      'exports that of another product',
      { default: Object.freeze({ ...starter, name: 'another' }) },
      ['declares "another"'],
    ],
    ['can be changed by whoever imports it', { default: { ...starter } }, ['can be changed']],
    ['nobody answers for', { default: damaged({ owner: '' }) }, ['Nobody answers for']],
  ])('whose module %s', (_what, module, sentences) => {
    expect(judgeModule('starter', module)).toEqual(expect.arrayContaining(saying(...sentences)));
  });

  const job = defineJob({ name: 'starter.silent', payload: z.object({}), run: () => Promise.resolve() });
  const event = defineEvent({ name: 'starter.note.gone.v1', payload: z.object({}) });
  const command = defineCommand({
    name: 'Forget',
    description: '',
    options: { '--tenant <slug>': '', all: 'Everything.' },
    examples: ['stack start'],
    run: () => Promise.resolve(),
  });
  it.each<[string, Partial<SubgraphDeclaration>, string[]]>([
    [
      'a permission with a verb of its own',
      { permissions: ['starter:notes:delete'] },
      ['"starter:notes:delete" is not'],
    ],
    [
      "another product's permission",
      { permissions: ['planner:tasks:read'] },
      ['"planner:tasks:read" is not of the form'],
    ],
    ['a permission twice', { permissions: ['starter:notes:read', 'starter:notes:read'] }, ['declared twice']],
    ['a job without a description', { jobs: [job as never] }, ['Job "starter.silent" has no description']],
    ['an event without a description', { events: [event] }, ['Event "starter.note.gone.v1" has no description']],
    [
      'a command nobody could use',
      { commands: [command] },
      [
        '"Forget" is not in small letters',
        'has no description',
        '"--tenant <slug>" is the kit\'s own',
        'does not say what "--tenant <slug>" means',
        'option "all" is not of the form',
        'calls something else',
      ],
    ],
  ])('that declares %s', (_what, changes, sentences) => {
    expect(judgeDeclaration(damaged(changes))).toEqual(expect.arrayContaining(saying(...sentences)));
  });

  it("that declares another product's feature", () => {
    const features = { 'planner.tasks': { free: { kind: 'boolean', enabled: true } as const } };
    expect(judgeDeclaration({ ...starter, features })).toEqual(saying('Feature "planner.tasks" is not named after'));
  });

  it.each([
    ['a type nobody describes', '"A short text somebody wrote in a tenant."\n', '', 'Note has no description'],
    ['a field nobody describes', '  "What was written."\n', '', 'Note.text has no description'],
    ['an argument nobody describes', '"The note\'s id." id', 'id', 'Query.note(id:) has no description'],
    ['an input nobody describes', '  "1 to 10,000 characters."\n', '', 'CreateNoteInput.text has no description'],
    [
      'an enum value nobody describes',
      'type Query {',
      'enum Mood { GOOD } type Query {',
      'Mood.GOOD has no description',
    ],
    ['a mutation with loose arguments', 'createNote(', 'createNote(dry: Boolean ', 'other than one input'],
    ['a root field that is never null', 'id: ID!): Note\n', 'id: ID!): Note!\n', 'Query.note is never null'],
    [
      'a list without an end',
      'type Query {',
      'type Query { "All." all: [Note!]',
      'Query.all is a list of Note without an end',
    ],
    [
      'a connection that cannot be paged',
      '"The cursor to go on behind." after: String',
      '',
      'does not take after: String',
    ],
    ['a connection without pageInfo', 'pageInfo: PageInfo!', 'page: PageInfo!', 'NoteConnection has no pageInfo'],
  ])('whose schema has %s', async (_what, text, replacement, sentence) => {
    const sdl = await readFile(join(STARTER, 'schema.graphql'), 'utf8');
    expect(sdl).toContain(text);
    expect(judgeSchema(sdl)).toEqual([]);
    expect(judgeSchema(sdl.replace(text, replacement))).toEqual(expect.arrayContaining(saying(sentence)));
  });

  it('whose fixture excuses a list that is none, or gives no reason', async () => {
    const sdl = await readFile(join(STARTER, 'schema.graphql'), 'utf8');
    expect(judgeSchema(sdl, { 'Query.note': '' })).toEqual(
      saying('Query.note, which is no plain list', 'gives no reason for Query.note'),
    );
  });

  it('that contradicts what core-identity says of a user', async () => {
    const sources = (await schemaSources()).map((source) =>
      source.name === 'starter'
        ? { ...source, sdl: source.sdl.replace(/type User @key\(fields: "id"\) \{/, '$& email: Int!') }
        : source,
    );
    expect(judgeComposition('starter', sources)).toEqual(
      expect.arrayContaining(saying('It does not compose alone', 'It does not compose with every other product')),
    );
  });

  describe('whose migrations', () => {
    let folder: string;
    afterEach(() => rm(folder, { recursive: true }));

    async function judgeWith(sql: string): Promise<string[]> {
      folder = await mkdtemp(join(tmpdir(), 'migrations-'));
      await cp(starter.database!.migrations, folder, { recursive: true });
      const next = join(folder, '20261122000000_next');
      await mkdir(next);
      await writeFile(join(next, 'migration.sql'), sql);
      const migrations = pathToFileURL(`${folder}/`);
      return judgeMigrations(damaged({ database: { ...starter.database!, migrations } }));
    }

    it('cannot be applied', async () => {
      expect(await judgeWith('ALTER TABLE nowhere ADD COLUMN x text;')).toEqual(
        saying('Migration "20261122000000_next" failed'),
      );
    });

    it('leave a table unprotected', async () => {
      const sql = 'CREATE TABLE tags (tenant_id uuid NOT NULL, id uuid NOT NULL); GRANT SELECT ON tags TO starter_app;';
      expect(await judgeWith(sql)).toEqual(
        expect.arrayContaining(saying('tags: Row-level security is not both enabled and forced')),
      );
    });
  });

  it('whose schema.prisma says something other than its migrations', async () => {
    const { product, owner } = await host();
    const schemaPrisma = await readFile(join(STARTER, 'prisma/schema.prisma'), 'utf8');
    const damages: readonly (readonly [text: string | RegExp, replacement: string, sentence: string])[] = [
      [/^model Note \{.*?^\}/ms, '', 'No model of schema.prisma is table "notes"'],
      [/^ {2}text .*$/m, '', 'No field of Note is the column "text"'],
      [/^ {2}text /m, '  title String\n  text ', 'Note.title is the column "title", which no migration makes'],
      ['wordCount Int?', 'wordCount String?', 'Note.wordCount is written as text'],
      ['wordCount Int?', 'wordCount Int', 'Note.wordCount may not be null'],
      [/^ {2}text .*$/m, '  text String @default(dbgenerated("x()"))', 'Note.text is left to the database'],
    ];
    for (const [text, replacement, sentence] of damages)
      expect(await judgeModels(product, schemaPrisma.replace(text, replacement), owner.context.tenant!.id)).toEqual(
        saying(sentence),
      );
  });

  it('whose own client does not read its rows', async () => {
    const { product, owner } = await host();
    const schemaPrisma = await readFile(join(STARTER, 'prisma/schema.prisma'), 'utf8');
    await asOwner('create policy hidden on notes as restrictive to starter_app using (word_count is null)');
    expect(await judgeModels(product, schemaPrisma, owner.context.tenant!.id)).toEqual([
      'Note has 1 rows of the tenant, and its own client reads 0.',
    ]);
  });

  it('that is open to the anonymous where it does not say so', async () => {
    const publicFields = ['Query.note', 'Mutation.createNote', 'Subscription.noteChanged', 'Note.*'];
    const { product } = await host(
      damaged({
        publicFields,
        resolvers: {
          ...starter.resolvers,
          Query: { note: () => NOTE },
          Mutation: { createNote: () => null },
          Subscription: { noteChanged: { subscribe: async function* () {} } },
        },
      }),
    );
    const schema = productSchema(starter);
    const closed = { as: 'UNAUTHENTICATED', but: [] } as const;
    expect(await judgeClosedFields(product.anonymous(), schema, closed)).toEqual([
      'Query.note gives an answer, and not UNAUTHENTICATED.',
      'Mutation.createNote gives an answer, and not UNAUTHENTICATED.',
      'Subscription.noteChanged gives events, and not UNAUTHENTICATED.',
    ]);
    expect(await judgeClosedEntities(product.anonymous(), schema, [])).toEqual(saying('The anonymous join Note'));
    expect(await judgeClosedFields(product.anonymous(), schema, { ...closed, but: publicFields })).toEqual([]);
  });

  it('with a field that forgot to ask for its permission', async () => {
    const { product } = await host(damaged({ resolvers: { ...starter.resolvers, Query: { note: () => NOTE } } }));
    const powerless = product.as({ tenant: 'acme', may: [] });
    expect(await judgeClosedFields(powerless, productSchema(starter), { as: 'FORBIDDEN', but: [] })).toEqual([
      'Query.note gives an answer, and not FORBIDDEN.',
    ]);
  });

  it('whose fixture excuses a field that is closed, or gives no reason', async () => {
    const { product } = await host();
    const powerless = product.as({ tenant: 'acme', may: [] });
    expect(await judgeExcuses(powerless, productSchema(starter), { 'Query.note': '' })).toEqual([
      'openToMembers of the fixture gives no reason for Query.note.',
      'openToMembers of the fixture names Query.note, which is closed, or is no field.',
    ]);
  });

  it.each([
    ['another tenant', (of: UnderContract) => of.stranger.context.tenant!.id],
    ['no tenant', () => null],
  ])('whose rows are open to work of %s', async (who, strangerIdOf) => {
    const parties = await host();
    await asOwner('alter table notes disable row level security');
    const ids = { ownerId: parties.owner.context.tenant!.id, strangerId: strangerIdOf(parties) };
    expect(await judgeTables(parties.product, ids)).toEqual(
      saying(
        `Work of ${who} counts rows of "notes"`,
        'reads a row of "notes" by its key',
        'may write a row into "notes" that names the other tenant',
        'reaches rows of "notes" with update',
        'reaches rows of "notes" with delete',
        'changed rows that are not its own',
      ),
    );
  });

  it('whose fixture leaves a table empty', async () => {
    const { product, owner, stranger } = await host();
    await asOwner(
      "create table tags (tenant_id uuid, id uuid, primary key (tenant_id, id)); select protect_tenant_table('tags')",
    );
    const ids = { ownerId: owner.context.tenant!.id, strangerId: stranger.context.tenant!.id };
    expect(await judgeTables(product, ids)).toEqual([
      'fill() of the fixture leaves "tags" without a row: nothing shows that it is isolated.',
    ]);
  });

  it('that shows a stranger what it is asked for by id', async () => {
    const parties = await host();
    await asOwner('alter table notes disable row level security');
    const findings = await judgeStrangers(parties.product, starter, productSchema(starter), parties);
    expect(findings).toEqual(
      expect.arrayContaining(
        saying('Query.note tells another tenant that', 'The join of Note tells another tenant that'),
      ),
    );
  });

  it('whose route tells a stranger by its status that something exists', async () => {
    const known = new Set<string>();
    const answer = (_request: unknown, context: { tenant: { id: string } | null }, { id }: Record<string, string>) =>
      new Response(null, {
        status: !known.has(id!) ? 404 : context.tenant!.id === owner.context.tenant!.id ? 200 : 403,
      });
    const declaration = damaged({ routes: { 'GET /starter/notes/:id': answer as never } });
    const { product, owner, stranger } = await host(declaration);
    for (const { id } of await asOwner('select id from notes')) known.add(String(id));
    expect(await judgeStrangers(product, declaration, productSchema(starter), { owner, stranger })).toEqual(
      saying('GET /starter/notes/:id tells another tenant that'),
    );
  });

  it('whose mutation tells a stranger by its code that something exists', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'schema-'));
    const schema = pathToFileURL(join(folder, 'schema.graphql'));
    const sdl = await readFile(join(STARTER, 'schema.graphql'), 'utf8');
    const widened = sdl.replace('type Mutation {', 'type Mutation { removeNote(input: RemoveNoteInput!): Note');
    await writeFile(schema, `${widened} input RemoveNoteInput { id: ID! }`);
    const known = new Set<string>();
    const removeNote = (_parent: unknown, { input: { id } }: { input: { id: string } }) => {
      throw known.has(id) ? new Forbidden('This note is of another tenant.') : new NotFound('note');
    };
    const declared = starter.resolvers as { readonly Mutation: object };
    const declaration = damaged({
      schema,
      resolvers: { ...declared, Mutation: { ...declared.Mutation, removeNote } },
    });
    const { product, owner, stranger } = await host(declaration);
    for (const { id } of await asOwner('select id from notes')) known.add(String(id));
    expect(await judgeStrangers(product, declaration, productSchema(declaration), { owner, stranger })).toEqual(
      saying('Mutation.removeNote tells another tenant that'),
    );
    await rm(folder, { recursive: true });
  });

  it('that changes the rows of another tenant when it is asked to', async () => {
    const { product, owner, stranger } = await host(
      damaged({
        resolvers: {
          ...starter.resolvers,
          Query: { note: () => asOwner("update notes set text = 'taken'").then(() => null) },
        },
      }),
    );
    expect(await judgeStrangers(product, starter, productSchema(starter), { owner, stranger })).toEqual(
      expect.arrayContaining(saying('A question of another tenant changed rows')),
    );
  });

  it('whose mutations leave nothing for the audit', async () => {
    const declaration = damaged({ audits: 'itself' });
    const { product, owner } = await host(declaration);
    expect(await judgeAudit(product, declaration, productSchema(starter), owner.context)).toEqual(
      saying(
        'createNote leaves nothing for the audit, and not success of',
        'and not refused of starter.createNote by', // denied
        'and not refused of starter.createNote by', // in conflict
      ),
    );
  });

  it('whose fields show not even their own tenant anything', async () => {
    const { product, owner, stranger } = await host();
    await asOwner('delete from notes');
    expect(await judgeStrangers(product, starter, productSchema(starter), { owner, stranger })).toEqual(
      expect.arrayContaining(saying('Query.note shows its own tenant nothing for any id')),
    );
  });

  it('that puts files where they are not its tenant’s', async () => {
    const { product, owner, stranger } = await host();
    const [ownerId, strangerId] = [owner.context.tenant!.id, stranger.context.tenant!.id];
    await product.files.put(`starter/${ownerId}/kept.txt`, new Uint8Array([1]));
    expect(await judgeFiles(product, { ownerId, strangerId })).toEqual([]);
    await product.files.put(`starter/${strangerId}/kept.txt`, new Uint8Array([1]));
    await product.files.put('starter/shared/kept.txt', new Uint8Array([1]));
    expect(await judgeFiles(product, { ownerId, strangerId })).toEqual(
      saying(
        'is listed the file "kept.txt"',
        'finds the file "kept.txt"',
        '"starter/shared/kept.txt" is in no place of this product',
      ),
    );
  });

  it.each<[string, NonNullable<SubgraphDeclaration['tenantData']>, string]>([
    ['does not say what becomes of a table', {}, 'does not say in its tenantData what becomes of the rows of "notes"'],
    [
      'says it of a table it does not have',
      { notes: {}, scraps: {} },
      'names "scraps" in its tenantData, and has no such',
    ],
  ])('that %s', async (_what, tenantData, sentence) => {
    const declaration = damaged({ tenantData });
    const { product, owner, stranger } = await host(declaration);
    expect(await judgeExport(product, declaration, whose(owner, stranger))).toEqual(saying(sentence));
  });

  it('whose own code may not read what a tenant takes along', async () => {
    const { product, owner, stranger } = await host();
    await asOwner('create policy hidden on notes as restrictive for select to starter_app using (false)');
    expect(await judgeExport(product, starter, whose(owner, stranger))).toEqual(
      saying(
        'The archive has 0 rows of "notes", and the tenant 1 to take along.',
        'The archive of a person has 0 rows of "notes", and 1 are theirs.',
      ),
    );
  });

  it('that keeps something of a tenant that is erased', async () => {
    const { product, owner, stranger } = await host();
    await product.jobs.stop();
    await asOwner(
      `create function keep() returns trigger language plpgsql as $$ begin return null; end $$;
       create trigger keep before delete on notes for each row execute function keep()`,
    );
    await expect(judgeErasure(product, whose(owner, stranger))).rejects.toThrow(/"starter" still has 1 in table notes/);
    await asOwner(
      `drop trigger keep on notes;
       create table copies (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id));
       insert into copies select tenant_id, id from notes; grant select on copies to starter_system`,
    );
    await expect(judgeErasure(product, whose(owner, stranger))).rejects.toThrow(/permission denied for table copies/);
  });

  it('that erases something of another tenant with one', async () => {
    const { product, owner, stranger } = await host();
    await stranger.query('mutation { createNote(input: { text: "a stranger’s" }) { id } }');
    await product.jobs.settled('starter.count-words');
    await product.jobs.stop();
    await asOwner(
      `create function sweep() returns trigger language plpgsql security definer as $$
         begin delete from starter.notes where tenant_id <> old.tenant_id; return old; end $$;
       create trigger sweep after delete on notes for each row when (pg_trigger_depth() = 0) execute function sweep()`,
    );
    expect(await judgeErasure(product, whose(owner, stranger))).toEqual(
      saying('With another tenant go rows of this one.'),
    );
  });

  it.each([
    ['when they are run', judgeJobs],
    ['after a restart', judgeRestart],
  ])('whose jobs fail %s, or say nowhere what they are run with', async (_when, judge) => {
    const once = { attempts: 1, backoff: 'fixed', firstMs: 0 } as const;
    const jobs = [
      defineJob({
        name: 'starter.fail',
        payload: z.object({}),
        retry: once,
        run: () => Promise.reject(new Error('no such thing')),
      }),
      defineJob({
        name: 'starter.fail-for-a-tenant',
        payload: z.object({}),
        scope: 'each-tenant',
        retry: once,
        run: ({ tenant }) => Promise.reject(new Error(`not for ${tenant}`)),
      }),
      defineJob({ name: 'starter.choose', payload: z.object({ noteId: z.uuid() }), run: () => Promise.resolve() }),
    ];
    const declaration = damaged({ jobs: jobs as never });
    const { product, owner } = (under = await hostForContract(declaration));
    const findings = await judge({ product, caller: owner, declaration, fixture: {} });
    expect(findings).toEqual(
      expect.arrayContaining(
        saying(
          'Job "starter.choose" does not take {}: say in payloads of the fixture',
          'Job "starter.fail" did not succeed',
          'A job "starter.fail" is dead: no such thing',
          'Job "starter.fail-for-a-tenant" did not succeed for the tenant',
          `A job "starter.fail-for-a-tenant" is dead: not for ${owner.context.tenant!.id}`,
        ),
      ),
    );
  });

  it('whose schedule never comes due', async () => {
    const nightly = defineJob({
      name: 'starter.nightly',
      payload: z.object({}),
      schedule: { cron: '0 2 * * *' },
      run: () => Promise.resolve(),
    });
    const declaration = damaged({ jobs: [nightly as never] });
    const { product, owner } = (under = await hostForContract(declaration));
    const worked = { product, caller: owner, declaration, fixture: {} };
    expect(await judgeJobs(worked)).toEqual([]);
    await asOwner('update jobs.schedules set next_due = null, paused_at = now()');
    expect(await judgeJobs(worked, 0)).toEqual([
      'Job "starter.nightly" has a schedule, and no time at which it comes due.',
    ]);
  });

  it('whose commands the command line does not know', async () => {
    const forget = { ...command, name: 'forget', description: 'Forgets.' };
    expect(await judgeHelp(damaged({ commands: [forget] }))).toEqual(saying('"stack starter forget --help" fails'));
  });
});
