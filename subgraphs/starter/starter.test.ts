import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
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
