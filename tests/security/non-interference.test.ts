import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEMO_PASSWORD, TestStack, until, type GraphQLAnswer, type Session } from '../support/test-stack.js';

/** One stack where the other tenant sleeps, one where it does whatever comes to its mind. */
let quiet: TestStack;
let busy: TestStack;
beforeAll(async () => {
  [quiet, busy] = await Promise.all([TestStack.start(), TestStack.start()]);
});
afterAll(() => Promise.all([quiet.close(), busy.close()]));

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const OPAQUE = new Set(['accessToken', 'refreshToken', 'cursor', 'startCursor', 'endCursor', 'sha256', 'url']);

/** What was answered, without what differs from run to run: each id becomes the number of its first appearance. */
class Transcript {
  readonly lines: unknown[] = [];
  private readonly ids = new Map<string, string>();

  add(what: string, { status, body }: GraphQLAnswer): void {
    this.lines.push([what, status, this.plain(body)]);
  }

  private plain(value: unknown): unknown {
    if (typeof value === 'string')
      return value.replace(TIME, 'a time').replace(UUID, (id) => {
        if (!this.ids.has(id)) this.ids.set(id, `id ${this.ids.size}`);
        return this.ids.get(id)!;
      });
    if (Array.isArray(value)) return value.map((each) => this.plain(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name,
        OPAQUE.has(name) && each !== null ? 'opaque' : this.plain(each),
      ]),
    );
  }
}

const NOTES = `{ viewer { tenant { slug members { nodes { user { email } roles } } notes(first: 2) {
  nodes { text wordCount createdBy { email } } pageInfo { hasNextPage endCursor } } } permissions } }`;
const PLATFORMS = `{ platforms(first: 10) { nodes { name slug status template artifact { sizeBytes sha256 url } } pageInfo { hasNextPage } }
  platformTemplates { name } platformSettings { keepDays } }`;
/** Those that follow from what is done here; others come due whenever the stack was started. */
const JOBS = `{ counted: jobs(filter: { name: "starter.count-words" }, first: 50) { ...Page }
  generated: jobs(filter: { name: "platformforge.generate-platform" }, first: 50) { ...Page } }
  fragment Page on JobConnection { nodes { name state attempts } pageInfo { hasNextPage } }`;
const UNKNOWN = '01890000-0000-7000-8000-000000000000';

/** All that somebody of the tenant sees of a day's work, in order. */
async function daysWork(stack: TestStack): Promise<readonly unknown[]> {
  const transcript = new Transcript();
  transcript.add(
    'a wrong password',
    await stack.post('/auth/login', { email: 'gus@globex.test', password: 'not it at all' }),
  );
  transcript.add('sign in', await stack.post('/auth/login', { email: 'gus@globex.test', password: DEMO_PASSWORD }));
  const gus = await stack.signIn('gus@globex.test');
  const ask = async (query: string, variables: Record<string, unknown> = {}): Promise<GraphQLAnswer> => {
    const answer = await gus.query(query, variables);
    expect(answer.text).not.toContain('GRAPHQL_VALIDATION_FAILED');
    transcript.add(query, answer);
    return answer;
  };

  await ask(NOTES);
  for (const text of ['one', 'two words', 'three words here'])
    await ask('mutation ($text: String!) { createNote(input: { text: $text }) { id text } }', { text });
  await until('the words of the notes are counted', async () => {
    const { text } = await gus.query(NOTES);
    return !text.includes('"wordCount":null');
  });
  await ask(NOTES);
  await ask('query ($id: ID!) { note(id: $id) { text } }', { id: UNKNOWN });
  await ask('mutation { createNote(input: { text: "" }) { id } }');

  await ask(PLATFORMS);
  await ask('mutation { generatePlatform(input: { name: "Ours", template: "static-site" }) { id slug status } }');
  await until('the platform is there', async () => (await gus.query(PLATFORMS)).text.includes('READY'));
  await ask(PLATFORMS);
  await until('its jobs are done', async () => !/"(SCHEDULED|READY|RUNNING)"/.test((await gus.query(JOBS)).text));
  await ask(JOBS);
  await ask('mutation ($id: ID!) { deletePlatform(input: { id: $id }) { id } }', { id: UNKNOWN });
  return transcript.lines;
}

/** What the other tenant does: any of these, in any order, until it is told to stop. */
const deeds = (ids: readonly string[]) =>
  fc.oneof(
    fc
      .string({ maxLength: 40 })
      .map((text) => ['mutation ($text: String!) { createNote(input: { text: $text }) { id } }', { text }] as const),
    fc
      .constantFrom('static-site', 'graphql-subgraph', 'nothing')
      .map(
        (template) =>
          [
            'mutation ($template: String!) { generatePlatform(input: { name: "Theirs", template: $template }) { id } }',
            { template },
          ] as const,
      ),
    fc.constantFrom(NOTES, PLATFORMS, JOBS).map((query) => [query, {}] as const),
    fc
      .constantFrom(...ids)
      .chain((id) =>
        fc
          .constantFrom(
            'query ($id: ID!) { note(id: $id) { text } }',
            'mutation ($id: ID!) { deletePlatform(input: { id: $id }) { id } }',
            'mutation ($id: ID!) { archivePlatform(input: { id: $id }) { id } }',
            'mutation ($id: ID!) { cancelJob(input: { id: $id }) { id } }',
          )
          .map((query) => [query, { id }] as const),
      ),
  );

async function keepBusy(stack: TestStack, isOver: () => boolean): Promise<number> {
  const sessions: readonly Session[] = await Promise.all(
    ['ada@acme.test', 'bob@acme.test'].map((email) => stack.signIn(email)),
  );
  let done = 0;
  await Promise.all(
    sessions.map(async (session) => {
      while (!isOver()) {
        const ids = (
          await stack.sql(`select id from starter.notes union all select id from platformforge.platforms
          union all select id from jobs.jobs limit 200`)
        ).map(({ id }) => String(id));
        for (const [query, variables] of fc.sample(deeds([...ids, UNKNOWN]), 20)) {
          await session.query(query, variables);
          done += 1;
          if (isOver()) break;
        }
      }
    }),
  );
  return done;
}

it('What a tenant is answered is the same whether another one sleeps or does whatever it can', async () => {
  const alone = await daysWork(quiet);
  let isOver = false;
  const others = keepBusy(busy, () => isOver);
  const beside = await daysWork(busy).finally(() => (isOver = true));
  expect(await others).toBeGreaterThan(20);
  expect(beside).toEqual(alone);
});
