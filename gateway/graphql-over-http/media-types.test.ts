import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { negotiateFormat } from './media-types.js';

describe('One answer’s media type', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/*', 'json'],
    ['application/json', 'legacyJson'],
    ['application/json; charset=utf-8', 'legacyJson'],
    ['application/json, text/plain, */*', 'json'],
    ['application/graphql-response+json', 'graphqlResponse'],
    ['application/graphql-response+json, application/json;q=0.9', 'graphqlResponse'],
    ['application/json, application/graphql-response+json', 'json'],
    ['application/json;q=0.5, APPLICATION/GraphQL-Response+JSON', 'graphqlResponse'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'json'],
    ['application/json;q=0, */*', 'graphqlResponse'],
  ])('of Accept %j is %j, and nothing is streamed', (accept, answer) => {
    expect(negotiateFormat(accept)).toEqual({ answer, subscription: null, increments: null });
  });

  it.each(['text/html', 'application/json;q=0', '*/*;q=0', 'text/event-stream;q=0', 'multipart/mixed;deferSpec=1'])(
    'cannot be had for Accept %j',
    (accept) => {
      expect(negotiateFormat(accept)).toBeNull();
    },
  );

  it('is decided for every Accept header there can be', () => {
    const ranges = fc
      .tuple(
        fc.constantFrom('text/event-stream', 'multipart/mixed', 'application/json', '*/*', 'text/html'),
        fc.array(
          fc.constantFrom('q=0', 'q=0.5', 'q=x', 'boundary="a"', 'deferSpec=20220824', 'subscriptionSpec="1.0"', '"'),
        ),
      )
      .map(([type, parameters]) => [type, ...parameters].join(';'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.array(ranges).map(String)), (accept) => {
        const formats = negotiateFormat(accept);
        if (formats === null) return;
        const { answer, subscription, increments } = formats;
        expect(answer ?? subscription ?? increments).not.toBeNull();
      }),
    );
  });
});

describe('Several payloads', () => {
  const DEFER = 'multipart/mixed;deferSpec=20220824';
  const MULTIPART = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0';
  it.each([
    ['graphql-sse', 'text/event-stream', null, 'eventStream', null],
    ['Apollo Client 3 that defers', `${DEFER},application/json`, 'legacyJson', null, 'deferSpec=20220824'],
    ['Apollo Client 3 that subscribes', `${MULTIPART},application/json`, 'legacyJson', 'multipart', null],
    [
      'Apollo Client 4 that defers',
      `${DEFER},application/graphql-response+json,application/json;q=0.9`,
      'graphqlResponse',
      null,
      'deferSpec=20220824',
    ],
    [
      'Apollo Client 4 that defers by the newer specification',
      'multipart/mixed;incrementalSpec=v0.2,application/graphql-response+json,application/json;q=0.9',
      'graphqlResponse',
      null,
      'incrementalSpec=v0.2',
    ],
    [
      'Apollo Client 4 that subscribes',
      'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9',
      'graphqlResponse',
      'multipart',
      null,
    ],
    [
      'urql',
      'application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed',
      'graphqlResponse',
      'eventStream',
      'deferSpec=20220824',
    ],
    ['urql that subscribes', 'text/event-stream, multipart/mixed', null, 'eventStream', 'deferSpec=20220824'],
    ['a client that quotes', 'Multipart/Mixed; SubscriptionSpec="1.0"', null, 'multipart', null],
    ['a client that prefers parts', `text/event-stream;q=0.5, ${MULTIPART}`, null, 'multipart', null],
    ['a client that takes what comes first', `text/event-stream, ${MULTIPART}`, null, 'eventStream', null],
    ['a client of another specification', `${MULTIPART.replace('1.0', '2.0')}, */*`, 'json', null, null],
    ['a client that would rather have one answer', `${DEFER};q=0.5, application/json`, 'legacyJson', null, null],
    ['a client that takes anything', `${DEFER}, */*;q=0.1`, 'json', null, 'deferSpec=20220824'],
  ])('are written for %s as it reads them', (_client, accept, answer, subscription, increments) => {
    expect(negotiateFormat(accept)).toEqual({ answer, subscription, increments });
  });
});
