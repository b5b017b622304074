import { afterEach, describe, expect, it } from '@jest/globals';
import type { RequestContext, SubgraphHandle } from '@inevitable/contract';
import fc from 'fast-check';
import { GraphQLError, parse } from 'graphql';
import { pino } from 'pino';
import { createContextTokens } from '../transports/context-tokens.js';
import { httpSubgraph } from '../transports/http-subgraph.js';
import { contextFor, inProcess, NOTES_SDL, servedBy } from '../test-support/test-subgraphs.js';
import { SubgraphDataSource } from './subgraph-data-source.js';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const logged: string[] = [];
const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
const query =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { id greeting notes { id } } } }';
const document = parse(query);

/** What a user's id says happens to it. */
const user = (id: string) => ({ __typename: 'User', id });
const NAMES = ['ada', 'bob', 'nobody', 'refused', 'broken'];
const entityOf = ({ id }: Record<string, unknown>) => {
  if (id === 'nobody') return null;
  const failing = (message: string, code: string) => () => {
    throw new GraphQLError(message, { extensions: { code } });
  };
  return {
    ...user(id as string),
    greeting: id === 'refused' ? failing('Not yours.', 'FORBIDDEN') : `Hello ${String(id)}`,
    notes: id === 'broken' ? failing('select * from notes', 'INTERNAL') : [{ id: `note of ${String(id)}` }],
  };
};

/** The subgraph, and every representation it was asked for. */
function watched(): { handle: SubgraphHandle; asked: unknown[] } {
  const asked: unknown[] = [];
  const handle = inProcess(
    'notes',
    NOTES_SDL,
    () => ({}),
    (representation) => {
      asked.push(representation);
      return entityOf(representation);
    },
  );
  return { handle, asked };
}

type Answer = { data?: { _entities: unknown[] } | null; errors?: readonly { path?: readonly unknown[] }[] };
const ask = async (handle: SubgraphHandle, representations: unknown[], request: RequestContext = contextFor()) =>
  (await new SubgraphDataSource(handle, log).process({
    kind: 'incoming operation',
    document,
    request: { query, variables: { representations } },
    context: { request, signal: request.signal },
  } as unknown as Parameters<SubgraphDataSource['process']>[0])) as Answer;

describe.each(['in this process', 'behind HTTP'])('A fetch of entities from a subgraph %s', (where) => {
  it('asks for equal ones once, and answers every place as if it had been asked alone', async () => {
    const { handle, asked } = watched();
    let used = handle;
    if (where === 'behind HTTP') {
      const peer = await servedBy(handle);
      const subgraph = httpSubgraph({ name: 'notes', routingUrl: peer.url, contextTokens: createContextTokens() });
      used = subgraph;
      closing.push(
        () => subgraph.close(),
        () => peer.close(),
      );
    }
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 12 }), async (ids) => {
        asked.length = 0;
        const together = await ask(used, ids.map(user));
        expect(asked).toHaveLength(new Set(ids).size);
        const alone = await Promise.all(ids.map((id) => ask(used, [user(id)])));
        const errors = alone.flatMap((answer, place) =>
          (answer.errors ?? []).map((error) => ({ ...error, path: ['_entities', place, ...error.path!.slice(2)] })),
        );
        const byPath = (some: Answer['errors'] = []) =>
          [...some].sort((a, b) => (String(a.path) < String(b.path) ? -1 : 1));
        expect(together.data!._entities).toEqual(alone.map(({ data }) => data!._entities[0]));
        expect(byPath(together.errors)).toEqual(byPath(errors));
      }),
      { numRuns: 60 },
    );
  });
});

describe('A fetch of entities', () => {
  const answering = (answer: object): SubgraphHandle => ({ ...watched().handle, execute: async () => answer });
  const three = ['ada', 'bob', 'ada'].map(user);

  it('gives every place an object of its own: the executor writes into them', async () => {
    const [first, second] = (await ask(watched().handle, [user('ada'), user('ada')])).data!._entities as object[];
    Object.assign((first as { notes: object[] }).notes[0]!, { text: 'written' });
    expect(second).toEqual({ id: 'ada', greeting: 'Hello ada', notes: [{ id: 'note of ada' }] });
  });

  it('logs one failure once, in however many places it shows', async () => {
    logged.length = 0;
    const { errors } = await ask(
      watched().handle,
      Array.from({ length: 50 }, () => user('broken')),
    );
    expect([errors!.length, logged.length]).toEqual([50, 1]);
  });

  it('says at most a hundred times that the subgraph failed as a whole', async () => {
    const down = { ...watched().handle, execute: () => Promise.reject(new Error('down')) };
    const { errors } = await ask(
      down,
      Array.from({ length: 5_000 }, () => user('ada')),
    );
    expect(errors).toHaveLength(100);
  });

  it.each([1, 3])('fails when a subgraph answers %i entities for 2 representations', async (count) => {
    const entities = Array.from({ length: count }, () => user('ada'));
    const { data, errors } = await ask(answering({ data: { _entities: entities } }), three);
    expect(data).toBeUndefined();
    expect(errors).toContainEqual(expect.objectContaining({ path: ['_entities', 2, 'greeting'] }));
  });

  it('keeps an error about a representation that was never sent, and one that is frozen', async () => {
    const extensions = { code: 'FORBIDDEN' };
    const errors = [
      { message: 'beyond', path: ['_entities', 7, 'greeting'], extensions },
      Object.freeze({ message: 'frozen', path: ['_entities', 0, 'greeting'], extensions }),
    ];
    const answer = await ask(answering({ data: { _entities: [null, null] }, errors }), three);
    const at = (message: string) =>
      answer.errors!.filter((error) => 'message' in error && error.message === message).map(({ path }) => path?.[1]);
    expect(at('frozen')).toEqual([0, 2]);
    expect(new Set(at('beyond'))).toEqual(new Set([0, 1, 2]));
  });

  it('may hold what has no JSON', async () => {
    const big = { ...user('ada'), email: 1n };
    expect((await ask(watched().handle, [big, big])).data!._entities).toHaveLength(2);
  });
});
