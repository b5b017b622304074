import { describe, expect, it } from '@jest/globals';
import { Forbidden } from '@inevitable/contract';
import { pino } from 'pino';
import { contextFor } from '../test-support/test-subgraphs.js';
import { gatherExtensions } from './gather-extensions.js';
import {
  observe,
  proceed,
  reject,
  type AnswerSeen,
  type GatewayExtension,
  type OperationSeen,
  type Verdict,
  WrittenAdditions,
} from './gateway-extension.js';

const silent = pino({ level: 'silent' });
const context = contextFor();
const operation = { context } as OperationSeen;
const answer = { operation } as AnswerSeen;

const extension = (name: string, hooks: Partial<GatewayExtension> = {}): GatewayExtension => ({
  name,
  contract: 1,
  ...hooks,
});
const gathered = (...extensions: GatewayExtension[]) => gatherExtensions(extensions, silent);

/** The names of those that were asked, in order. */
async function order(...given: readonly Partial<GatewayExtension>[]): Promise<string[]> {
  const asked: string[] = [];
  const watched = given.map(({ name = '', ...more }) =>
    extension(name, { onOperation: () => (asked.push(name), proceed), ...more }),
  );
  await gathered(...watched).onOperation!(operation);
  return asked;
}

describe('Extensions run', () => {
  it('in the order in which they are given', async () => {
    expect(await order({ name: 'a' }, { name: 'c' }, { name: 'b' })).toEqual(['a', 'c', 'b']);
  });

  it('after those they need, and once, however many need them', async () => {
    expect(
      await order(
        { name: 'a', needs: ['c', 'b'] },
        { name: 'b', needs: ['d'] },
        { name: 'c', needs: ['d'] },
        { name: 'd' },
      ),
    ).toEqual(['d', 'c', 'b', 'a']);
  });
});

describe('A start ends in words', () => {
  it.each<[string, readonly GatewayExtension[], string]>([
    [
      'when extensions need each other in a circle',
      [extension('a', { needs: ['b'] }), extension('b', { needs: ['c'] }), extension('c', { needs: ['a'] })],
      'Gateway extensions need each other in a circle: a → b → c → a.',
    ],
    [
      'when one needs itself',
      [extension('a', { needs: ['a'] })],
      'Gateway extensions need each other in a circle: a → a.',
    ],
    [
      'when one needs another that is not loaded',
      [extension('a', { needs: ['quota'] })],
      'Gateway extension "a" needs "quota", which is not loaded.',
    ],
    [
      'when two have one name',
      [extension('a'), extension('b'), extension('a')],
      'There are two gateway extensions named "a".',
    ],
    [
      'when one is written for another contract',
      [{ ...extension('a'), contract: 2 as 1 }],
      'Gateway extension "a" is written for contract 2; this gateway has contract 1.',
    ],
  ])('%s', (_what, extensions, sentence) => {
    expect(() => gathered(...extensions)).toThrow(new Error(sentence));
  });
});

describe('A hook that no extension has', () => {
  it('is not there to be called', () => {
    expect(gathered(extension('a'))).toEqual({
      onOperation: null,
      onEnd: null,
      decidePolicy: null,
      decideOverride: null,
      onSubgraphFetch: null,
      onSubscription: null,
      onRequestEnd: null,
      onAnswer: null,
    });
  });
});

describe('An operation', () => {
  const saying = (name: string, verdict: Verdict | Promise<Verdict>) => extension(name, { onOperation: () => verdict });
  const forbidden = reject(new Forbidden());

  it('goes on when nobody objects, and is observed when somebody wants it observed', async () => {
    expect(gathered(saying('a', proceed), saying('b', proceed)).onOperation!(operation)).toEqual(proceed);
    expect(gathered(saying('a', observe), saying('b', proceed)).onOperation!(operation)).toEqual(observe);
    expect(await gathered(saying('a', observe), saying('b', Promise.resolve(proceed))).onOperation!(operation)).toEqual(
      observe,
    );
  });

  it('is rejected by the first who objects, and nobody is asked after that', async () => {
    for (const verdict of [forbidden, Promise.resolve(forbidden)]) {
      let asked = 0;
      const { onOperation } = gathered(
        saying('a', observe),
        saying('b', verdict),
        extension('c', { onOperation: () => (asked++, proceed) }),
      );
      expect(await onOperation!(operation)).toBe(forbidden);
      expect(asked).toBe(0);
    }
  });

  it('waits for nothing where every hook answers at once', () => {
    expect(gathered(saying('a', proceed), saying('b', proceed)).onOperation!(operation)).not.toBeInstanceOf(Promise);
  });
});

describe('A policy and an override', () => {
  it('are decided by the first extension that knows them', async () => {
    const { decidePolicy, decideOverride } = gathered(
      extension('none', { decidePolicy: () => undefined, decideOverride: () => undefined }),
      extension('no', {
        decidePolicy: async (policy) => (policy === 'p' ? false : undefined),
        decideOverride: (label) => (label === 'l' ? false : undefined),
      }),
      extension('yes', { decidePolicy: () => true, decideOverride: () => true }),
    );
    expect(await Promise.all([decidePolicy!('p', context), decidePolicy!('other', context)])).toEqual([false, true]);
    expect([decideOverride!('l', context), decideOverride!('other', context)]).toEqual([false, true]);
  });

  it('are undecided when nobody knows them', async () => {
    const { decidePolicy, decideOverride } = gathered(
      extension('a', { decidePolicy: () => undefined, decideOverride: () => undefined }),
    );
    expect([await decidePolicy!('p', context), decideOverride!('l', context)]).toEqual([undefined, undefined]);
  });
});

describe('Headers of a fetch', () => {
  const adding = (name: string, headers: Readonly<Record<string, string>> | undefined) =>
    extension(name, { onSubgraphFetch: () => headers });
  const fetch = { context, subgraph: 'notes' };

  it('are those of all extensions, and the later one is heard where two say the same', () => {
    const { onSubgraphFetch } = gathered(
      adding('a', { 'X-One': '1', 'x-both': 'a' }),
      adding('b', undefined),
      adding('c', { 'X-Both': 'c' }),
    );
    expect(onSubgraphFetch!(fetch)).toEqual({ 'x-one': '1', 'x-both': 'c' });
  });

  it('are none where no extension adds any', () => {
    expect(gathered(adding('a', undefined)).onSubgraphFetch!(fetch)).toBeUndefined();
  });

  it.each([
    'x-inevitable-context',
    'X-Inevitable-Tenant',
    'Authorization',
    'host',
    'connection',
    'keep-alive',
    'Transfer-Encoding',
    'content-length',
    'content-type',
    'accept',
    'traceparent',
    'x-request-id',
  ])('may not be %s, and who wants that is told by name', (header) => {
    expect(() => gathered(adding('greedy', { fine: '1', [header]: 'x' })).onSubgraphFetch!(fetch)).toThrow(
      `Extension "greedy" failed in onSubgraphFetch: it may not set the header "${header}".`,
    );
  });
});

describe('A header that is no HTTP', () => {
  it.each([
    ['x y', 'a', 'Header name must be a valid HTTP token'],
    ['x-split', 'a\r\nx-inevitable-context: forged', 'Invalid character in header content'],
  ])('is refused before it is sent: %j', (header, value, reason) => {
    const { onSubgraphFetch } = gathered(extension('odd', { onSubgraphFetch: () => ({ [header]: value }) }));
    expect(() => onSubgraphFetch!({ context, subgraph: 'notes' })).toThrow(
      new RegExp(`^Extension "odd" failed in onSubgraphFetch: .*${reason}`),
    );
  });
});

describe('What is added to an answer', () => {
  it('is what all extensions add, and the later one is heard where two say the same', () => {
    const { onAnswer } = gathered(
      extension('a', { onAnswer: () => ({ extensions: { one: 1, both: 'a' }, headers: { 'X-Cost': '1' } }) }),
      extension('b', { onAnswer: () => undefined }),
      extension('c', {
        onAnswer: () => ({ extensions: { both: 'c' }, headers: { 'x-cost': '3' } }),
      }),
      extension('d', { onAnswer: () => new WrittenAdditions(['"all"', '[1]'], ['x-d', 'd']) }),
    );
    expect(onAnswer!(answer)).toEqual({
      extensions: ['"one"', '1', '"both"', '"c"', '"all"', '[1]'],
      headers: ['x-cost', '3', 'x-d', 'd'],
    });
  });

  it('has each header once, in whatever spellings an extension gives it', () => {
    const twice = extension('a', { onAnswer: () => ({ headers: { 'X-A': '1', 'x-b': '2', 'x-a': '3' } }) });
    expect(gathered(twice).onAnswer!(answer)!.headers).toEqual(['x-b', '2', 'x-a', '3']);
  });

  it('has no extensions where only headers are added, and is nothing where nobody adds any', () => {
    const headers = extension('a', { onAnswer: () => ({ headers: { 'x-a': '1' } }) });
    const nothing = extension('b', { onAnswer: () => undefined });
    expect(gathered(headers, nothing).onAnswer!(answer)).toEqual({ extensions: [], headers: ['x-a', '1'] });
    expect(gathered(nothing).onAnswer!(answer)).toBeUndefined();
  });
});

describe('An extension that fails', () => {
  const fail = (): never => {
    throw new Error('its store is away');
  };
  const failing = (name: string) => `Extension "broken" failed in ${name}: its store is away`;

  it('is named to the operator, whichever hook it was', async () => {
    const { onOperation, decidePolicy, decideOverride, onSubgraphFetch } = gathered(
      extension('broken', { onOperation: fail, decidePolicy: fail, decideOverride: fail, onSubgraphFetch: fail }),
    );
    expect(() => onOperation!(operation)).toThrow(failing('onOperation'));
    expect(() => decideOverride!('l', context)).toThrow(failing('decideOverride'));
    expect(() => onSubgraphFetch!({ context, subgraph: 's' })).toThrow(failing('onSubgraphFetch'));
    await expect(decidePolicy!('p', context)).rejects.toThrow(failing('decidePolicy'));
    const later = gathered(extension('broken', { onOperation: async () => fail(), decidePolicy: async () => fail() }));
    await expect(later.onOperation!(operation)).rejects.toThrow(failing('onOperation'));
    await expect(later.decidePolicy!('p', context)).rejects.toThrow(failing('decidePolicy'));
  });

  it('with an error for the caller, is heard by the caller', async () => {
    const forbidden = new Forbidden('Not on Sundays.');
    const refuse = (): never => {
      throw forbidden;
    };
    expect(() => gathered(extension('a', { onOperation: refuse })).onOperation!(operation)).toThrow(forbidden);
    await expect(gathered(extension('a', { onOperation: async () => refuse() })).onOperation!(operation)).rejects.toBe(
      forbidden,
    );
  });

  it('when a subscription begins, is logged, and takes nothing from the others', () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const begun: OperationSeen[] = [];
    const gatheredLoudly = gatherExtensions(
      [
        extension('broken', { onSubscription: fail }),
        extension('after', { onSubscription: (seen) => void begun.push(seen) }),
      ],
      log,
    );
    gatheredLoudly.onSubscription!(operation);
    expect(begun).toEqual([operation]);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { requestId: context.requestId, err: { message: expect.stringContaining(failing('onSubscription')) } },
    ]);
  });

  it.each([
    ['throws', fail, 'its store is away'],
    ['adds a header that is not its own', () => ({ headers: { 'Content-Length': '1' } }), 'header "Content-Length"'],
    ['adds what cannot be written as JSON', () => ({ extensions: { cost: 1n } }), 'BigInt'],
  ])(
    'when an answer is known and it %s, adds nothing, and takes nothing from the others',
    (_what, onAnswer, reason) => {
      const lines: string[] = [];
      const log = pino({}, { write: (line: string) => void lines.push(line) });
      const gatheredLoudly = gatherExtensions(
        [
          extension('before', { onAnswer: () => ({ extensions: { before: 1 } }) }),
          extension('broken', { onAnswer }),
          extension('after', { onAnswer: () => ({ extensions: { after: 1 } }) }),
        ],
        log,
      );
      expect(gatheredLoudly.onAnswer!(answer)).toEqual({ extensions: ['"before"', '1', '"after"', '1'], headers: [] });
      const [logged] = lines.map((line) => JSON.parse(line) as { err: Error; requestId: string });
      expect(logged).toMatchObject({ requestId: context.requestId });
      expect(logged!.err.message).toContain('Extension "broken" failed in onAnswer');
      expect(logged!.err.message).toContain(reason);
    },
  );
});
