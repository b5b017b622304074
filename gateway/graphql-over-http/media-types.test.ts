import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { negotiateFormat } from './media-types.js';

describe('The answer’s media type', () => {
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
    ['text/html', null],
    ['application/json;q=0', null],
    ['*/*;q=0', null],
  ])('of Accept %j is %j', (accept, format) => {
    expect(negotiateFormat(accept)).toBe(format);
  });

  it('is decided for every Accept header there can be', () => {
    fc.assert(
      fc.property(fc.string(), (accept) =>
        ['graphqlResponse', 'json', 'legacyJson', null].includes(negotiateFormat(accept)),
      ),
    );
  });
});
