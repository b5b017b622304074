import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@inevitable/kit/testing';
import { DevProject } from '../support/dev-project.js';

const SCHEMA = 'subgraphs/starter/schema.graphql';
const NOTE = 'type Note @key(fields: "id") {';
const RESOLVER = 'subgraphs/starter/resolvers/note.ts';

let project: DevProject;
let noteId: string;
beforeAll(async () => {
  project = await DevProject.start();
  const { data } = (await project.query('mutation { createNote(input: { text: "first" }) { id } }')) as {
    data: { createNote: { id: string } };
  };
  noteId = data.createNote.id;
});
afterAll(() => project.close());

const note = () => project.query(`{ note(id: "${noteId}") { text } }`);
const isTold = (title: string) =>
  until(`the page says: ${title}`, async () => (await project.problems()).some((problem) => problem.title === title));
const isRepaired = () => until('nothing is wrong', async () => (await project.problems()).length === 0);

/** Asks again and again until it is told to stop; answers the answers that were not as they should be. */
function underLoad(): () => Promise<readonly unknown[]> {
  let isOver = false;
  const wrong: unknown[] = [];
  const asking = (async () => {
    while (!isOver) {
      const answer = await note().catch((error: unknown) => ({ errors: String(error) }));
      if ('errors' in answer) wrong.push(answer);
      await new Promise((resolve) => setTimeout(resolve, 10)); // leaves the machine to what is waited for
    }
  })();
  return async () => {
    isOver = true;
    await asking;
    return wrong;
  };
}

describe('stack dev', () => {
  it('serves a changed schema, and no request fails meanwhile', async () => {
    const loadEnds = underLoad();
    await project.change(SCHEMA, NOTE, `${NOTE}\n  "Said to it."\n  remark: String`);
    await until('the new field is there', async () => (await project.fieldsOf('Note')).includes('remark'));
    expect(await project.query(`{ note(id: "${noteId}") { text remark } }`)).toEqual({
      data: { note: { text: 'first', remark: null } },
    });
    await project.change(SCHEMA, '\n  "Said to it."\n  remark: String', '');
    await until('the field is gone', async () => !(await project.fieldsOf('Note')).includes('remark'));
    expect(await loadEnds()).toEqual([]);
  });

  it('tells what does not compose, with the place, on the page and in the terminal, and serves what did', async () => {
    const loadEnds = underLoad();
    await project.change(SCHEMA, NOTE, `${NOTE}\n  "Broken."\n  broken: Nothing`);
    await isTold('The subgraphs do not compose');
    const [problem] = await project.problems();
    expect(problem).toEqual({
      title: 'The subgraphs do not compose',
      text: expect.stringMatching(
        /Unknown type.*Nothing[^]*subgraphs\/starter\/schema\.graphql:\d+:11[^]*> \d+ \| {3}broken: Nothing/,
      ),
    });
    await until('the terminal says so', () => project.output.includes('broken: Nothing'));
    await project.change(SCHEMA, '\n  "Broken."\n  broken: Nothing', '');
    await isRepaired();
    await until('the terminal says that, too', () =>
      project.output.includes('Everything on the disk is served again.'),
    );
    expect(await loadEnds()).toEqual([]);
  });

  it('serves the changed code of a product, and loads no other one', async () => {
    const loadEnds = underLoad();
    await project.change(RESOLVER, 'return found;', "return { ...found, text: 'in other words' };");
    await until('the new code answers', async () => JSON.stringify(await note()).includes('in other words'));
    expect(await note()).toEqual({ data: { note: { text: 'in other words' } } });
    expect(project.output).toMatch(/serving starter \(/);
    expect(project.output).not.toMatch(/serving.*platformforge/);
    expect(await loadEnds()).toEqual([]);
  });

  it('hands its jobs over to the new code', async () => {
    const times = () => project.output.split('serving starter').length;
    const before = times();
    await project.change('subgraphs/starter/jobs/count-words.ts', 'wordsIn(note.text)', '40 + wordsIn(note.text)');
    await until('it is served', () => times() > before);
    const { data } = (await project.query('mutation { createNote(input: { text: "two words" }) { id } }')) as {
      data: { createNote: { id: string } };
    };
    const counted = () => project.query(`{ note(id: "${data.createNote.id}") { wordCount } }`);
    await until('the words are counted', async () => !JSON.stringify(await counted()).includes('null'));
    expect(await counted()).toEqual({ data: { note: { wordCount: 42 } } });
  });

  it('keeps the code it has where the new one does not compile, and where it does not load', async () => {
    await project.change(RESOLVER, 'return { ...found', 'const wrong: number = found.text;\n  return { ...found');
    await isTold('The code does not compile');
    expect(await project.problems()).toEqual([
      {
        title: 'The code does not compile',
        text: expect.stringMatching(/TS2322[^]*subgraphs\/starter\/resolvers\/note\.ts:\d+:9[^]*const wrong: number/),
      },
    ]);
    expect(await note()).toEqual({ data: { note: { text: 'in other words' } } });

    await project.change(RESOLVER, 'const wrong: number = found.text;\n  ', '');
    await isRepaired();
    await project.change(
      RESOLVER,
      'export const note',
      "if (Date.now() > 0) throw new Error('at its top level');\nexport const note",
    );
    await isTold('starter does not load');
    expect(await project.problems()).toEqual([
      { title: 'starter does not load', text: expect.stringContaining('at its top level') },
    ]);
    expect(await note()).toEqual({ data: { note: { text: 'in other words' } } });
    await project.change(RESOLVER, "if (Date.now() > 0) throw new Error('at its top level');\n", '');
    await isRepaired();
  });

  it('applies a migration that is new, once there is something in it', async () => {
    const migration = 'subgraphs/starter/prisma/migrations/20261201000000_colour/migration.sql';
    await project.write(migration, '');
    await isTold('starter does not load');
    expect(await project.problems()).toEqual([
      { title: 'starter does not load', text: expect.stringContaining('"20261201000000_colour" has no statement') },
    ]);
    await project.write(migration, "ALTER TABLE notes ADD COLUMN colour text NOT NULL DEFAULT 'blue';\n");
    await isRepaired();
    await project.change(
      RESOLVER,
      "text: 'in other words'",
      'text: JSON.stringify(await context.db.$queryRaw`SELECT DISTINCT colour FROM notes`)',
    );
    await until('the column is there', async () => JSON.stringify(await note()).includes('blue'));
    expect(await note()).toEqual({ data: { note: { text: '[{"colour":"blue"}]' } } });
  });

  it('makes a client of a changed schema of the database', async () => {
    await project.change(
      'subgraphs/starter/prisma/schema.prisma',
      '  wordCount Int?',
      '  colour String @default("blue")\n  wordCount Int?',
    );
    await project.change(
      RESOLVER,
      'text: JSON.stringify(await context.db.$queryRaw`SELECT DISTINCT colour FROM notes`)',
      'text: `it is ${found.colour}`',
    );
    await until('the new client reads the column', async () => JSON.stringify(await note()).includes('it is blue'));
    expect(await note()).toEqual({ data: { note: { text: 'it is blue' } } });
    await isRepaired(); // the client may have come after the code that needs it
  });

  it('knows the permissions, features and jobs that a product declares since', async () => {
    await project.write(
      'subgraphs/starter/jobs/do-nothing.ts',
      `import { defineJob } from '@inevitable/kit';
       import { z } from 'zod';
       import type { PrismaClient } from '../generated/prisma/client.js';
       export const doNothing = defineJob<{ often: number }, PrismaClient>({
         name: 'starter.do-nothing', payload: z.object({ often: z.number() }), run: async () => undefined,
       });`,
    );
    await project.change(
      'subgraphs/starter/subgraph.ts',
      "permissions: ['starter:notes:read',",
      "features: { 'starter.pages': { pro: { kind: 'metered', limit: 7, per: 'month' } } },\n  permissions: ['starter:notes:archive', 'starter:notes:read',",
    );
    await project.change('subgraphs/starter/subgraph.ts', 'jobs: [countWords]', 'jobs: [countWords, doNothing]');
    await project.change(
      'subgraphs/starter/subgraph.ts',
      'import { resolvers }',
      "import { doNothing } from './jobs/do-nothing.js';\nimport { resolvers }",
    );
    await project.change(
      RESOLVER,
      'text: `it is ${found.colour}`',
      "text: JSON.stringify(await context.entitlements.usage('starter.pages'))",
    );
    await until('the terminal says what tokens lack', () =>
      project.output.includes('starter has the permission starter:notes:archive now. Sign in again'),
    );
    await project.signIn();
    await until('the new code answers', async () => JSON.stringify(await note()).includes('used'));
    const { data } = (await project.query('{ viewer { permissions } }')) as {
      data: { viewer: { permissions: string[] } };
    };
    expect(data.viewer.permissions).toContain('starter:notes:archive');
    expect(JSON.stringify(await note())).toMatch(/limit.{3}7/);
    const run = (often: string) =>
      project.query(
        `mutation { runJob(input: { name: "starter.do-nothing", payload: { often: ${often} } }) { name } }`,
      );
    expect(await run('1')).toEqual({ data: { runJob: { name: 'starter.do-nothing' } } });
    expect(await run('"never"')).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  it('lets the next start make anew what it has made', () => {
    // It would find the text of before, after `git stash`, say, and take what was made of another one for it.
    expect(existsSync(join(project.root, '.stack', 'compile.done'))).toBe(false);
    expect(existsSync(join(project.root, '.stack', 'generate.done'))).toBe(false);
  });

  it('waits for a supergraph.yaml that cannot be read', async () => {
    const good = await project.read('supergraph.yaml');
    await project.write('supergraph.yaml', 'subgraphs: [');
    await isTold('The schemas cannot be read');
    expect(await project.problems()).toEqual([
      { title: 'The schemas cannot be read', text: expect.stringContaining('supergraph.yaml') },
    ]);
    expect(await note()).toHaveProperty('data.note');
    await project.write('supergraph.yaml', good);
    await isRepaired();
  });

  it('says what takes a new start', async () => {
    const good = await project.read('supergraph.yaml');
    await project.write('supergraph.yaml', good.replace('path_prefix: /starter', 'path_prefix: /elsewhere'));
    await isTold('A new start is needed');
    expect(await project.problems()).toEqual([
      { title: 'A new start is needed', text: expect.stringContaining('products:') },
    ]);
    await project.write('supergraph.yaml', good);
    await isRepaired();
  });

  it('serves GraphiQL, made of files of its own', async () => {
    const html = await (await fetch(`${project.url}/graphiql`)).text();
    const files = [...html.matchAll(/(?:src|href)="(\/graphiql\/assets\/[^"]+)"/g)].map(([, file]) => file!);
    const workers = [...html.matchAll(/&quot;(\/graphiql\/assets\/[^&]+)&quot;/g)].map(([, file]) => file!);
    expect([files.length > 1, workers.length]).toEqual([true, 3]);
    for (const file of [...files, ...workers]) expect((await fetch(project.url + file)).status).toBe(200);
    expect(html).not.toMatch(/https?:\/\//);
  });

  describe('when it is to end', () => {
    const ours = () =>
      execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
        .split('\n')
        .filter((line) => line.includes(project.root));

    it('ends with Ctrl-C, exit code 0, and leaves no process', async () => {
      expect(ours().length).toBeGreaterThan(1); // with its compiler
      expect(await project.end('SIGINT')).toBe(0);
      expect(ours()).toEqual([]);
    });

    it('leaves none when it is killed either', async () => {
      await project.startAgain();
      expect(ours().length).toBeGreaterThan(1);
      expect(await project.end('SIGKILL')).toBe('SIGKILL');
      await until('its compiler has ended', () => ours().length === 0);
    });
  });
});
