import { beforeAll, describe, expect, it } from '@jest/globals';
import { until, type Session, type TestStack } from '../support/test-stack.js';

export function describeNotes(running: () => TestStack): void {
  let stack: TestStack;
  let ada: Session;
  let gus: Session;
  beforeAll(async () => {
    stack = running();
    [ada, gus] = await Promise.all([stack.signIn('ada@acme.test'), stack.signIn('gus@globex.test')]);
  });

  const VIEWER =
    '{ viewer { user { id email notes(first: 5) { nodes { id text } } } tenant { id slug name notes(first: 5) { nodes { id text createdBy { email } } } } } }';
  const NOTE = 'query ($id: ID!) { note(id: $id) { id text wordCount createdBy { email } createdAt } }';

  async function write(by: Session, text: string): Promise<string> {
    const { body } = await by.query('mutation ($text: String!) { createNote(input: { text: $text }) { id text } }', {
      text,
    });
    expect(body).toEqual({ data: { createNote: { id: expect.any(String), text } } });
    return (body.data!['createNote'] as { id: string }).id;
  }

  describe('A note written through the one endpoint', () => {
    it('is joined to its user and its tenant in both directions, and a second tenant sees nothing', async () => {
      const id = await write(ada, 'hello');
      const user = { id: expect.any(String), email: 'ada@acme.test', notes: { nodes: [{ id, text: 'hello' }] } };
      const tenant = {
        id: expect.any(String),
        slug: 'acme',
        name: expect.any(String),
        notes: { nodes: [{ id, text: 'hello', createdBy: { email: 'ada@acme.test' } }] },
      };
      expect((await ada.query(VIEWER)).body).toEqual({ data: { viewer: { user, tenant } } });

      const bob = await stack.signIn('bob@acme.test');
      expect((await bob.query(VIEWER)).body).toMatchObject({
        data: { viewer: { user: { notes: { nodes: [] } }, tenant: { notes: { nodes: [{ id }] } } } },
      });

      const seenByGus = await gus.query(VIEWER);
      expect(seenByGus.body).toMatchObject({
        data: {
          viewer: {
            user: { email: 'gus@globex.test', notes: { nodes: [] } },
            tenant: { slug: 'globex', notes: { nodes: [] } },
          },
        },
      });
      expect(seenByGus.text).not.toContain(id);
    });

    it('has its words counted by a job that really runs', async () => {
      const id = await write(ada, 'four words, counted soon');
      await until('the words are counted', async () => {
        const { body } = await ada.query(NOTE, { id });
        return (body.data!['note'] as { wordCount: number | null }).wordCount === 4;
      });
    });

    it('answers another tenant exactly like a random id', async () => {
      const id = await write(ada, 'a secret of acme');
      const [another, random, malformed] = await Promise.all([
        gus.query(NOTE, { id }),
        gus.query(NOTE, { id: '01a1fdd6-6319-7103-9bae-6d0c335e3857' }),
        gus.query(NOTE, { id: 'not an id' }),
      ]);
      expect(another.text).toBe(random.text);
      expect(malformed.text).toBe(random.text);
      expect(another.status).toBe(random.status);
      expect(random.body).toMatchObject({
        data: { note: null },
        errors: [{ path: ['note'], extensions: { code: 'NOT_FOUND' } }],
      });
    });

    it('and its job record are one transaction: none without the other', async () => {
      const id = await write(ada, 'both');
      const rows = await stack.sql(
        'select kind, name from starter.outbox where aggregate = $1 order by sequence limit 2',
        id,
      );
      expect(rows).toEqual([
        { kind: 'event', name: 'starter.note.changed.v1' },
        { kind: 'job', name: 'starter.count-words' },
      ]);
      const count = async () =>
        (
          await stack.sql(
            'select (select count(*) from starter.notes)::int + (select count(*) from starter.outbox)::int as rows',
          )
        )[0]!['rows'];
      await until('every note of before has had its job, which writes an event', async () => {
        const open = await stack.sql(
          "select from jobs.jobs where name = 'starter.count-words' and state <> 'succeeded'",
        );
        const unsent = await stack.sql('select from starter.outbox where sent_at is null');
        return open.length + unsent.length === 0;
      });
      const before = await count();
      await stack.sql("alter table starter.outbox add constraint refused check (kind <> 'job') not valid");
      try {
        const { body } = await ada.query('mutation { createNote(input: { text: "never" }) { id } }');
        expect(body).toMatchObject({
          data: { createNote: null },
          errors: [{ message: 'Something failed on our side.', extensions: { code: 'INTERNAL' } }],
        });
      } finally {
        await stack.sql('alter table starter.outbox drop constraint refused');
      }
      expect(await count()).toBe(before);
    });
  });

  describe('Several mutations in one operation', () => {
    it('are a transaction each: what was refused undoes nothing of the others', async () => {
      const { body } = await ada.query(
        'mutation { a: createNote(input: { text: "kept" }) { text } b: createNote(input: { text: "" }) { text } c: createNote(input: { text: "kept too" }) { text } }',
      );
      expect(body).toMatchObject({
        data: { a: { text: 'kept' }, b: null, c: { text: 'kept too' } },
        errors: [{ path: ['b'], extensions: { code: 'BAD_USER_INPUT', field: 'input.text' } }],
      });
    });
  });
}
