import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEvent, defineJob, defineSubgraph, newId, type SubgraphDeclaration } from '@inevitable/kit';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import { z } from 'zod';
import type { StarterContext } from '../../subgraphs/starter/context.js';
import { starterDatabase } from '../../subgraphs/starter/database.js';
import type { PrismaClient } from '../../subgraphs/starter/generated/prisma/client.js';
import starter from '../../subgraphs/starter/subgraph.js';

/** Beside the starter's tables: one of no tenant. */
const CHECKS = `CREATE TABLE checks (id uuid PRIMARY KEY); SELECT protect_product_table('checks');`;

let migrations: string;
beforeAll(async () => {
  migrations = await mkdtemp(join(tmpdir(), 'migrations-'));
  await cp(fileURLToPath(starterDatabase.migrations), migrations, { recursive: true });
  await mkdir(join(migrations, '20991231000000_checks'));
  await writeFile(join(migrations, '20991231000000_checks', 'migration.sql'), CHECKS);
});
afterAll(() => rm(migrations, { recursive: true, force: true }));

/** The starter's tables and graph under another name, with a mutation, an event and a job that say it. */
function productNamed(name: string): SubgraphDeclaration<PrismaClient> {
  const noteChanged = defineEvent({
    name: `${name}.note.changed.v1`,
    description: 'A note was counted.',
    payload: z.object({ noteId: z.uuid() }),
  });
  const countWords = defineJob<{ noteId: string }, PrismaClient>({
    name: `${name}.count-words`,
    description: 'Counts every note as seven words.',
    payload: z.object({ noteId: z.uuid() }),
    run: ({ payload: { noteId }, transaction }) =>
      transaction(async ({ db, events }) => {
        await db.note.updateMany({ where: { id: noteId }, data: { wordCount: 7 } });
        await events.publish(noteChanged, { aggregate: noteId, payload: { noteId } });
      }),
  });
  return defineSubgraph({
    name,
    owner: 'team-test',
    schema: starter.schema,
    permissions: [`${name}:notes:write`],
    events: [noteChanged],
    jobs: [countWords],
    database: {
      ...starterDatabase,
      product: name,
      migrations: pathToFileURL(`${migrations}/`),
      ofNoTenant: { checks: 'the test says so' },
    },
    resolvers: {
      Query: {
        note: (_parent: unknown, { id }: { id: string }, { db }: StarterContext) =>
          db.note.findFirst({ where: { id } }),
      },
      Mutation: {
        async createNote(
          _parent: unknown,
          { input }: { input: { text: string } },
          { db, jobs, caller }: StarterContext,
        ) {
          const createdBy = caller.kind === 'member' ? caller.userId : '';
          const note = await db.note.create({ data: { id: newId(), text: input.text, createdBy } });
          await jobs.enqueue(countWords, { noteId: note.id }, { aggregate: note.id });
          return note;
        },
      },
      Subscription: {
        noteChanged: {
          subscribe: (_parent: unknown, _args: unknown, { events }: StarterContext) =>
            events.subscribe(noteChanged, {}),
          resolve: ({ payload: { noteId } }: { payload: { noteId: string } }, _args: unknown, { db }: StarterContext) =>
            db.note.findFirst({ where: { id: noteId } }),
        },
      },
    },
  });
}

const CREATE = 'mutation { createNote(input: { text: "x" }) { id } }';
const READ = 'query ($id: ID!) { note(id: $id) { wordCount } }';

describe.each(['claude-config', 'order', 'select'])('A product named "%s"', (name) => {
  let product: TestSubgraph;
  beforeAll(async () => {
    product = await testSubgraph(productNamed(name));
  });
  afterAll(() => product?.close());

  it('migrates, and passes the catalogue lint', async () => {
    expect(await product.lint()).toEqual([]);
  });

  it('writes rows, does its jobs, tells its subscribers, and keeps its tenants apart', async () => {
    await product.clock.advance({ seconds: 60 });
    const ada = product.as({ tenant: 'acme', user: 'ada' });
    const heard = await ada.subscribe('subscription { noteChanged { wordCount } }');
    const { data, errors } = await ada.query(CREATE);
    expect(errors).toBeUndefined();
    const { id } = data!['createNote'] as { id: string };
    await product.jobs.settled(`${name}.count-words`);
    expect(await ada.query(READ, { id })).toEqual({ data: { note: { wordCount: 7 } } });
    expect((await heard.next()).value).toMatchObject({ data: { noteChanged: { wordCount: 7 } } });
    await heard.return!();
    expect(await product.as({ tenant: 'globex', user: 'gus' }).query(READ, { id })).toEqual({ data: { note: null } });
  });
});
