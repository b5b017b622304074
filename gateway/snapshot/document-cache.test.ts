import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { DocumentCache } from './document-cache.js';
import type { ValidDocument } from './valid-document.js';

const documentOf = (source: string): ValidDocument => ({
  document: parse('{ __typename }'),
  source,
  hash: source.slice(0, 100),
  operations: new Map(),
});

describe('The cache of documents', () => {
  it('keeps what is asked a second time, and nothing that is asked once', () => {
    const cache = new DocumentCache();
    cache.met(documentOf('once'));
    cache.met(documentOf('twice'));
    expect(cache.get('twice')).toBeUndefined();
    const second = documentOf('twice');
    cache.met(second);
    expect([cache.get('twice'), cache.get('once')]).toEqual([second, undefined]);
  });

  it('keeps at once what will be asked again', () => {
    const cache = new DocumentCache();
    cache.keep(documentOf('carried over'));
    expect(cache.get('carried over')).toBeDefined();
  });

  it.each([
    ['documents', 2_100, 10],
    ['characters', 20, 1_000_000],
  ])('holds so many %s, and lets go of the oldest', (_what, count, length) => {
    const cache = new DocumentCache();
    const sources = Array.from({ length: count }, (_, at) => `${at}`.padEnd(length));
    for (const source of sources) cache.keep(documentOf(source));
    expect([cache.get(sources[0]!), cache.get(sources.at(-1)!)]).toEqual([undefined, expect.anything()]);
  });
});
