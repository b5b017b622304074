import { createHash } from 'node:crypto';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { DeadlinePassed, SubgraphUnreachable, type RequestContext, type SubgraphHandle } from '@inevitable/contract';
import { parse, validate } from 'graphql';
import { pino } from 'pino';
import { startPlannerThreads } from '../planner/planner-threads.js';
import { createContextTokens } from '../transports/context-tokens.js';
import { httpSubgraph } from '../transports/http-subgraph.js';
import {
  accounts,
  contextFor,
  handles,
  inProcess,
  notes,
  servedBy,
  supergraphOf,
  TEST_SUPERGRAPH,
} from '../test-support/test-subgraphs.js';
import { loadSupergraphEngine } from './load-supergraph-engine.js';

const planners = startPlannerThreads({ log: pino({ level: 'silent' }) });
afterAll(() => planners.close());
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const logged: string[] = [];
const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });

async function run(
  source: string,
  given: SubgraphHandle[],
  context: RequestContext = contextFor(),
  variables: Record<string, unknown> = {},
  supergraph = TEST_SUPERGRAPH,
) {
  const engine = await loadSupergraphEngine(supergraph, handles(...given), log, { planners });
  closing.push(() => engine.close());
  const document = parse(source);
  expect(validate(engine.schema, document)).toEqual([]);
  const hash = createHash('sha256').update(source).digest('hex');
  const result = await engine.execute({ document, hash, source, operationName: null, variables }, context);
  return JSON.parse(JSON.stringify(result)) as unknown;
}

const unreachable = (path: unknown[], service = 'notes') => ({
  message: 'A part of the stack did not answer.',
  path,
  extensions: { code: 'SUBGRAPH_UNREACHABLE', service },
});
const gone: Partial<SubgraphHandle> = {
  execute: () => Promise.reject(new SubgraphUnreachable('notes', new Error('ECONNREFUSED 10.0.0.3'))),
};

describe('The engine', () => {
  it('joins subgraphs in both directions', async () => {
    expect(
      await run('{ node { email notes { text author { email greeting } } } notes { author { email } } }', [
        accounts(),
        notes(),
      ]),
    ).toEqual({
      data: {
        node: {
          email: 'ada@acme.test',
          notes: [{ text: 'one', author: { email: 'ada@acme.test', greeting: 'Hello ada@acme.test' } }],
        },
        notes: [{ author: { email: 'ada@acme.test' } }, { author: { email: 'bob@acme.test' } }],
      },
    });
  });

  it('answers the same over HTTP', async () => {
    const peer = await servedBy(notes());
    const subgraph = httpSubgraph({ name: 'notes', routingUrl: peer.url, contextTokens: createContextTokens() });
    closing.push(
      () => subgraph.close(),
      () => peer.close(),
    );
    const query = '{ node { odd noteCount friend { id notes { id } } } }';
    expect(await run(query, [accounts(), subgraph])).toEqual(await run(query, [accounts(), notes()]));
  });

  it('hands every subgraph the request context itself', async () => {
    const seen: RequestContext[] = [];
    const watch = (handle: SubgraphHandle): SubgraphHandle => ({
      ...handle,
      execute: (request, context) => {
        seen.push(context);
        return handle.execute(request, context);
      },
    });
    const context = contextFor();
    await run('{ node { notes { id } } }', [watch(accounts()), watch(notes())], context);
    expect(seen).toEqual([context, context]);
    expect(seen.every((one) => one === context)).toBe(true);
  });

  it('never writes into what a subgraph in this process answered', async () => {
    const owned = { node: { __typename: 'User', id: 'u1', odd: { nested: [{ deep: 1 }] } } };
    const freeze = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      Object.values(value).forEach(freeze);
      Object.freeze(value);
    };
    freeze(owned);
    expect(
      await run('{ node { odd notes { id } } }', [accounts({ execute: async () => ({ data: owned }) }), notes()]),
    ).toEqual({
      data: { node: { odd: owned.node.odd, notes: [{ id: 'n1' }] } },
    });
  });

  it('keeps what was answered when a subgraph cannot be reached, and says so at every field concerned', async () => {
    expect(
      await run('{ node { email notes { id } mine: noteCount friend { noteCount } } }', [accounts(), notes(gone)]),
    ).toEqual({
      data: { node: { email: 'ada@acme.test', notes: null, mine: null, friend: { noteCount: null } } },
      errors: expect.arrayContaining([
        unreachable(['node', 'notes']),
        unreachable(['node', 'mine']),
        unreachable(['node', 'friend', 'noteCount']),
      ]),
    });
  });

  it('lets null travel to where it is allowed', async () => {
    expect(await run('{ open notes { id } }', [accounts(), notes(gone)])).toEqual({
      data: null,
      errors: [unreachable(['notes'])],
    });
  });

  it('names no field the client did not ask for', async () => {
    const nobody = accounts({
      execute: async ({ query }, context) =>
        query.includes('_entities')
          ? Promise.reject(new SubgraphUnreachable('accounts', null))
          : accounts().execute({ query }, context),
    });
    expect(await run('{ notes { author { greeting } } }', [nobody, notes()])).toEqual({
      data: { notes: [{ author: { greeting: null } }, { author: { greeting: null } }] },
      errors: [unreachable(['notes', 0, 'author'], 'accounts'), unreachable(['notes', 1, 'author'], 'accounts')],
    });
  });

  it.each<[string, object]>([
    [
      'caller',
      {
        message: 'That text is too long.',
        extensions: { code: 'BAD_USER_INPUT', field: 'input.text', service: 'accounts' },
      },
    ],
    ['signin', { message: 'Sign in first.', extensions: { code: 'UNAUTHENTICATED', service: 'accounts' } }],
    [
      'coded',
      { message: 'Card declined.', extensions: { code: 'CARD_DECLINED', reason: 'limit', service: 'accounts' } },
    ],
    ['crash', { message: 'Something failed on our side.', extensions: { code: 'INTERNAL', service: 'accounts' } }],
    ['internal', { message: 'Something failed on our side.', extensions: { code: 'INTERNAL', service: 'accounts' } }],
  ])(
    'passes on a %s error with its code and path, and nothing that was not meant for the client',
    async (how, error) => {
      logged.length = 0;
      expect(await run(`{ open renamed: fails(how: "${how}") }`, [accounts(), notes()])).toEqual({
        data: { open: 'everybody', renamed: null },
        errors: [{ ...error, path: ['renamed'] }],
      });
      expect(logged.some((line) => line.includes('hunter2'))).toBe(how === 'crash');
    },
  );

  it('gives a subgraph that breaks its schema an error at the place', async () => {
    const broken = notes({ execute: async () => ({ data: { notes: [{ id: null }, { id: 'n2' }] } }) });
    expect(await run('{ notes { id } }', [accounts(), broken])).toEqual({
      data: null,
      errors: [
        {
          message: expect.stringContaining('Cannot return null'),
          path: ['notes', 0, 'id'],
          extensions: { code: 'INTERNAL' },
        },
      ],
    });
  });

  it.each<[string, unknown]>([
    ['entities of the wrong number', { data: { _entities: [] } }],
    ['no data and no error', {}],
    ['entities that are no list', { data: { _entities: 5 } }],
  ])('masks the failure of a subgraph that answers %s', async (_what, answer) => {
    const result = await run('{ node { id notes { id } } }', [
      accounts(),
      notes({ execute: async () => answer as object }),
    ]);
    expect(result).toMatchObject({ data: { node: { id: 'u1', notes: null } } });
    expect(JSON.stringify(result)).not.toContain('_entities');
  });

  it('blames itself when a subgraph does not understand the operation it planned', async () => {
    const drifted = notes({
      execute: async () => ({
        errors: [
          { message: 'Cannot query field "secretName"', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } } as never,
        ],
      }),
    });
    expect(await run('{ node { notes { id } } }', [accounts(), drifted])).toEqual({
      data: { node: { notes: null } },
      errors: [
        {
          message: 'Something failed on our side.',
          path: ['node', 'notes'],
          extensions: { code: 'INTERNAL', service: 'notes' },
        },
      ],
    });
  });

  it('answers with what it has when the deadline passes', async () => {
    const abort = new AbortController();
    const slow = notes({
      execute: () => {
        abort.abort(new DeadlinePassed('too late'));
        return new Promise(() => undefined);
      },
    });
    expect(
      await run('{ node { email notes { id } } }', [accounts(), slow], contextFor({ signal: abort.signal })),
    ).toEqual({
      data: { node: { email: 'ada@acme.test', notes: null } },
      errors: [
        {
          message: 'The answer took too long.',
          path: ['node', 'notes'],
          extensions: { code: 'TIMEOUT', service: 'notes' },
        },
      ],
    });
  });

  it('asks no further subgraph after the deadline, or after the client left', async () => {
    let asked = 0;
    const counting = accounts({ execute: async () => (asked++, { data: {} }) });
    const abort = new AbortController();
    abort.abort(new Error('left'));
    await run('{ open }', [counting, notes()], contextFor({ signal: abort.signal }));
    await run('{ open }', [counting, notes()], contextFor({ deadline: Date.now() - 1 }));
    expect(asked).toBe(0);
  });

  it('asks for an entity that stands in many places once, and every place gets its own', async () => {
    const asked: unknown[] = [];
    const inner = accounts();
    const counting = accounts({
      execute: (request, context) => {
        asked.push(...((request.variables?.['representations'] as unknown[] | undefined) ?? []));
        return inner.execute(request, context);
      },
    });
    const answer = (await run(
      '{ notes { author { email notes { author { email } } } } again: notes { author { email } } }',
      [counting, notes()],
    )) as { data: { notes: { author: { email: string } }[] } };
    expect(answer.data.notes.map(({ author }) => author.email)).toEqual(['ada@acme.test', 'bob@acme.test']);
    const texts = asked.map((representation) => JSON.stringify(representation));
    expect(texts.length).toBeLessThan(10); // three fetches of at most two users each, not one for every place
    expect(new Set(texts).size).toBe(2);
  });

  it('leaves a list of the client’s own alone, also one that is called "representations"', async () => {
    const sdl = 'type Query { sum(values: [Int!]!): Int } type Thing @key(fields: "id") { id: ID! }';
    const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"]) ';
    const adding = inProcess(
      'adding',
      link + sdl,
      () => ({ sum: ({ values }: { values: number[] }) => values.reduce((sum, value) => sum + value, 0) }),
      () => null,
    );
    const supergraph = supergraphOf({ adding: link + sdl });
    const query = 'query ($representations: [Int!]!) { sum(values: $representations) }';
    expect(await run(query, [adding], contextFor(), { representations: [1, 1, 2] }, supergraph)).toEqual({
      data: { sum: 4 },
    });
  });

  it('answers introspection itself', async () => {
    expect(
      await run('{ __schema { queryType { name } } __type(name: "Note") { name } }', [accounts(gone), notes(gone)]),
    ).toEqual({
      data: { __schema: { queryType: { name: 'Query' } }, __type: { name: 'Note' } },
    });
  });

  it('does not load a supergraph with a subgraph it was not given', async () => {
    await expect(loadSupergraphEngine(TEST_SUPERGRAPH, handles(accounts()), log, { planners })).rejects.toThrow(
      'The supergraph needs subgraph "notes", which is not among those this gateway was given.',
    );
  });
});
