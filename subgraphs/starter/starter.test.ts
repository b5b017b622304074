import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import type { ExecutionResult } from 'graphql';
import starter from './subgraph.js';

let starterUnderTest: TestSubgraph;
beforeAll(async () => {
  starterUnderTest = await testSubgraph(starter);
});
afterAll(() => starterUnderTest.close());

const CREATE =
  'mutation ($text: String!) { createNote(input: { text: $text }) { id text wordCount createdBy { id } } }';
const READ = 'query ($id: ID!) { note(id: $id) { id text wordCount } }';

async function writeNote(tenant: string, text: string): Promise<string> {
  const { data, errors } = await starterUnderTest.as({ tenant }).query(CREATE, { text });
  expect(errors).toBeUndefined();
  return (data!['createNote'] as { id: string }).id;
}

describe('A note', () => {
  it('is written with its author, and its words are counted by a job', async () => {
    const ada = starterUnderTest.as({ tenant: 'acme', user: 'ada' });
    const id = await writeNote('acme', 'three small words');
    await starterUnderTest.jobs.settled('starter.count-words');
    expect(await ada.query(READ, { id })).toEqual({ data: { note: { id, text: 'three small words', wordCount: 3 } } });
  });

  it('of another tenant answers exactly like one that does not exist', async () => {
    const id = await writeNote('acme', 'a secret of acme');
    const gus = starterUnderTest.as({ tenant: 'globex' });
    const another = await gus.query(READ, { id });
    const unknown = await gus.query(READ, { id: '01a1fdd6-0000-7000-8000-000000000000' });
    const malformed = await gus.query(READ, { id: "x' or true --" });
    expect(JSON.stringify(another)).toBe(JSON.stringify(unknown));
    expect(JSON.stringify(malformed)).toBe(JSON.stringify(unknown));
    expect(unknown.errors?.[0]).toMatchObject({
      message: 'No such note.',
      path: ['note'],
      extensions: { code: 'NOT_FOUND' },
    });
  });

  it('is reached by reference, as another subgraph names it, by whoever may read notes', async () => {
    const id = await writeNote('acme', 'referred to');
    const ask = ({ may, ...who }: { tenant: string; may?: readonly string[] }) =>
      starterUnderTest
        .as({ ...who, ...(may && { may }) })
        .query('query ($r: [_Any!]!) { _entities(representations: $r) { ... on Note { text } } }', {
          r: [id, '01a1fdd6-0000-7000-8000-000000000000', 'malformed'].map((one) => ({ __typename: 'Note', id: one })),
        });
    expect(await ask({ tenant: 'acme' })).toEqual({ data: { _entities: [{ text: 'referred to' }, null, null] } });
    expect(await ask({ tenant: 'globex' })).toEqual({ data: { _entities: [null, null, null] } });
    const { errors } = await ask({ tenant: 'acme', may: ['starter:notes:write'] });
    expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN']);
  });

  it.each([
    ['empty', ''],
    ['only white space', '   \n'],
    ['of 100,000 characters', 'x'.repeat(100_000)],
    ['with a NUL character', 'a\0b'],
    ['with half a surrogate pair', 'a\ud800'],
  ])('%s is refused as BAD_USER_INPUT naming the field', async (_what, text) => {
    const { data, errors } = await starterUnderTest.as({ tenant: 'acme' }).query(CREATE, { text });
    expect(data).toEqual({ createNote: null });
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'input.text' });
  });

  it('may have exactly 10,000 characters, whatever their size', async () => {
    const text = '😀'.repeat(10_000);
    const id = await writeNote('acme', text);
    expect(await starterUnderTest.as({ tenant: 'acme' }).query(READ, { id })).toMatchObject({
      data: { note: { text } },
    });
  });

  it('needs the permission to write, and to read', async () => {
    const viewer = starterUnderTest.as({ tenant: 'acme', may: ['starter:notes:read'] });
    const outsider = starterUnderTest.as({ tenant: 'acme', may: [] });
    expect((await viewer.query(CREATE, { text: 'no' })).errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
    expect((await outsider.query(READ, { id: await writeNote('acme', 'x') })).errors?.[0]?.extensions['code']).toBe(
      'FORBIDDEN',
    );
  });
});

describe('A subscription to changed notes', () => {
  const CHANGED = 'subscription ($id: ID) { noteChanged(id: $id) { id text wordCount } }';
  const nextOf = async (events: AsyncIterableIterator<ExecutionResult>) =>
    (await events.next()).value as ExecutionResult<{ noteChanged: object }, { eventId: string }>;

  /** A note of whose changes none is still on its way. */
  async function settledNote(tenant: string, text: string): Promise<string> {
    const events = await starterUnderTest.as({ tenant }).subscribe(CHANGED);
    const id = await writeNote(tenant, text);
    await nextOf(events);
    await nextOf(events);
    await events.return!();
    return id;
  }
  const publishChanged = (tenant: string, noteId: string, id: string) =>
    starterUnderTest.events.publish({
      id,
      name: 'starter.note.changed.v1',
      tenantId: starterUnderTest.as({ tenant }).context.tenant!.id,
      aggregate: noteId,
      payload: { noteId },
      occurredAt: new Date().toISOString(),
      correlationId: 'test',
    });

  it('hears a note that is written, and again when the job has counted its words', async () => {
    const events = await starterUnderTest.as({ tenant: 'heard' }).subscribe(CHANGED);
    const id = await writeNote('heard', 'three small words');
    expect((await nextOf(events)).data).toEqual({ noteChanged: expect.objectContaining({ id }) });
    expect((await nextOf(events)).data).toEqual({ noteChanged: { id, text: 'three small words', wordCount: 3 } });
    await events.return!();
  });

  it('never hears a note of another tenant', async () => {
    const gus = await starterUnderTest.as({ tenant: 'globex' }).subscribe(CHANGED);
    const ada = await starterUnderTest.as({ tenant: 'acme' }).subscribe(CHANGED);
    await writeNote('acme', 'a secret of acme');
    await nextOf(ada);
    const own = await writeNote('globex', 'of globex');
    expect((await nextOf(gus)).data).toEqual({ noteChanged: expect.objectContaining({ id: own }) });
    await Promise.all([gus.return!(), ada.return!()]);
  });

  it("hears nothing of another tenant's note that it follows by its id", async () => {
    const id = await settledNote('acme', 'a secret of acme');
    const gus = await starterUnderTest.as({ tenant: 'globex' }).subscribe(CHANGED, { id });
    const ada = await starterUnderTest.as({ tenant: 'acme' }).subscribe(CHANGED, { id });
    await publishChanged('acme', id, 'of acme');
    expect((await nextOf(ada)).extensions).toEqual({ eventId: 'of acme' });
    // Even an event of globex that names the note shows nothing: there is no such row for this tenant.
    await publishChanged('globex', id, 'planted');
    expect(await nextOf(gus)).toEqual({ data: { noteChanged: null }, extensions: { eventId: 'planted' } });
    await Promise.all([gus.return!(), ada.return!()]);
  });

  it('hears the one note it follows, and no other', async () => {
    const id = await settledNote('followed', 'first');
    const events = await starterUnderTest.as({ tenant: 'followed' }).subscribe(CHANGED, { id });
    await settledNote('followed', 'second');
    await publishChanged('followed', id, 'first again');
    expect(await nextOf(events)).toMatchObject({
      data: { noteChanged: { id } },
      extensions: { eventId: 'first again' },
    });
    await events.return!();
  });

  it('goes on after the last event it was told of, with what it missed', async () => {
    const reader = starterUnderTest.as({ tenant: 'away' });
    const events = await reader.subscribe(CHANGED);
    await writeNote('away', 'seen');
    await nextOf(events);
    const { eventId } = (await nextOf(events)).extensions!;
    await events.return!();

    const missed = await writeNote('away', 'written meanwhile');
    await starterUnderTest.jobs.settled('starter.count-words');
    const back = await reader.subscribe(CHANGED, {}, { lastEventId: eventId });
    expect((await nextOf(back)).data).toEqual({ noteChanged: expect.objectContaining({ id: missed }) });
    expect((await nextOf(back)).data).toEqual({ noteChanged: expect.objectContaining({ id: missed, wordCount: 2 }) });
    await back.return!();
  });

  it('is told that it missed something when its last event is not known any more', async () => {
    const back = await starterUnderTest.as({ tenant: 'away' }).subscribe(CHANGED, {}, { lastEventId: 'long ago' });
    expect(await nextOf(back)).toEqual({ data: null, extensions: { eventsMissed: true } });
    await back.return!();
  });

  it('needs the permission to read', async () => {
    await expect(starterUnderTest.as({ tenant: 'acme', may: [] }).subscribe(CHANGED)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(starterUnderTest.anonymous().subscribe(CHANGED)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe("A tenant's list of notes", () => {
  it('pages through all of them, newest first, and ends', async () => {
    const written: string[] = [];
    for (let count = 0; count < 5; count += 1) written.unshift(await writeNote('paged', `note ${count}`));
    const reader = starterUnderTest.as({ tenant: 'paged' });
    const PAGE = `query ($tenant: _Any!, $after: String) { _entities(representations: [$tenant]) { ... on Tenant {
      notes(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } } } }`;
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 1; page <= 3; page += 1) {
      const tenant = { __typename: 'Tenant', id: reader.context.tenant!.id };
      const { data } = await reader.query(PAGE, { tenant, after });
      const { nodes, pageInfo } = (
        data!['_entities'] as { notes: { nodes: { id: string }[]; pageInfo: Record<string, unknown> } }[]
      )[0]!.notes;
      seen.push(...nodes.map(({ id }) => id));
      expect(pageInfo).toMatchObject({ hasNextPage: page < 3, hasPreviousPage: page > 1 });
      after = pageInfo['endCursor'] as string;
    }
    expect(seen).toEqual(written);
  });

  it("is empty where the tenant is not the caller's own", async () => {
    await writeNote('acme', 'not for globex');
    const gus = starterUnderTest.as({ tenant: 'globex' });
    const acme = { __typename: 'Tenant', id: starterUnderTest.as({ tenant: 'acme' }).context.tenant!.id };
    const answer = await gus.query(
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Tenant { notes { nodes { id } } } } }',
      { r: [acme] },
    );
    expect(answer).toEqual({ data: { _entities: [{ notes: { nodes: [] } }] } });
  });

  it.each([0, -1, 101])('refuses a page of %i', async (first) => {
    const caller = starterUnderTest.as({ tenant: 'acme' });
    const { errors } = await caller.query(
      'query ($r: [_Any!]!, $first: Int) { _entities(representations: $r) { ... on Tenant { notes(first: $first) { nodes { id } } } } }',
      {
        r: [{ __typename: 'Tenant', id: caller.context.tenant!.id }],
        first,
      },
    );
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'first' });
  });
});

describe('The starter subgraph', () => {
  it('shows the anonymous nothing', async () => {
    const nobody = starterUnderTest.anonymous();
    for (const query of [
      '{ note(id: "x") { id } }',
      'mutation { createNote(input: { text: "x" }) { id } }',
      '{ _service { sdl } }',
    ]) {
      const { errors } = await nobody.query(query);
      expect(errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
    }
  });

  it('passes the catalogue lint', async () => {
    expect(await starterUnderTest.lint()).toEqual([]);
  });
});
