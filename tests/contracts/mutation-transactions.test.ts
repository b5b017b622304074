import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Conflict, newId, type ProductContext, type SubgraphDeclaration } from '@inevitable/kit';
import { testSubgraph, type TestSubgraph } from '@inevitable/kit/testing';
import starter from '@inevitable/starter';

type Db = { note: { create(row: object): Promise<unknown>; count(): Promise<number> } };

let product: TestSubgraph;
/** What was given back, with how many notes there were then. */
let givenBack: string[];
beforeAll(async () => {
  const takeAndWrite = async (_parent: unknown, { input }: { input: { text: string } }, context: ProductContext) => {
    const giveBack = (what: string) => async () => {
      givenBack.push(`${what}, ${await (context.reading as unknown as Db).note.count()} notes`);
      if (input.text === 'nothing can be given back') throw new Error('the ledger is away');
    };
    context.onRollback(giveBack('first'));
    context.onRollback(giveBack('second'));
    await (context.db as unknown as Db).note.create({ data: { id: newId(), text: input.text, createdBy: newId() } });
    if (input.text !== 'good') throw new Conflict('It is taken.');
    return null;
  };
  const note = (_parent: unknown, _args: unknown, context: ProductContext) =>
    context.onRollback(() => Promise.resolve(null));
  product = await testSubgraph({
    ...starter,
    resolvers: { ...starter.resolvers, Mutation: { createNote: takeAndWrite }, Query: { note } },
  } as SubgraphDeclaration);
});
afterAll(() => product.close());
beforeEach(() => void (givenBack = []));

const write = (tenant: string, text: string) =>
  product.as({ tenant }).query('mutation ($text: String!) { createNote(input: { text: $text }) { id } }', { text });

describe('A mutation that took something elsewhere', () => {
  it('gives it back when it fails, the last taken first, once its rows are gone', async () => {
    const { errors } = await write('acme', 'bad');
    expect(errors?.[0]?.extensions).toEqual({ code: 'CONFLICT' });
    expect(givenBack).toEqual(['second, 0 notes', 'first, 0 notes']);
  });

  it('keeps it when it succeeds', async () => {
    expect(await write('globex', 'good')).toEqual({ data: { createNote: null } });
    expect(givenBack).toEqual([]);
  });

  it('answers why it failed, also where nothing can be given back', async () => {
    const { errors } = await write('initech', 'nothing can be given back');
    expect(errors?.[0]).toMatchObject({ message: 'It is taken.', extensions: { code: 'CONFLICT' } });
    expect(givenBack).toHaveLength(2);
  });

  it('holds no connection meanwhile: as many as the pool has fail at once, and each reads', async () => {
    const failed = await Promise.all(Array.from({ length: 20 }, () => write('hooli', 'bad')));
    expect(failed.map(({ errors }) => errors?.[0]?.extensions['code'])).toEqual(Array(20).fill('CONFLICT'));
    expect(givenBack).toHaveLength(40);
  });
});

describe('A query', () => {
  it('has nothing that could be rolled back', async () => {
    const { errors } = await product.as({ tenant: 'acme' }).query('{ note(id: "1") { id } }');
    expect(errors?.[0]?.extensions['code']).toBe('INTERNAL');
  });
});
