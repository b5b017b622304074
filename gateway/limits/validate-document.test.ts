import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GraphQLError, parse, validate } from 'graphql';
import { anyDocument, ASKED_SCHEMA } from '../test-support/any-document.js';
import { validateDocument } from './validate-document.js';

/** Of a condition on what a subscription has for its event graphql-js throws. */
function errorsOf(judge: () => readonly GraphQLError[]): readonly GraphQLError[] {
  try {
    return judge();
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

describe('A document is validated', () => {
  it('with the errors of graphql-js, in its order', () => {
    const told = new Set<string>();
    fc.assert(
      fc.property(anyDocument, fc.constantFrom(2, 100), fc.boolean(), (source, maxErrors, hideSuggestions) => {
        const document = parse(source);
        const options = { maxErrors, hideSuggestions };
        const expected = errorsOf(() => validate(ASKED_SCHEMA, document, undefined, options));
        expect(errorsOf(() => validateDocument(ASKED_SCHEMA, document, options))).toEqual(expected);
        for (const { message } of expected) told.add(message.replaceAll(/".*?"/g, '…'));
      }),
      { numRuns: 500 },
    );
    expect(told.size).toBeGreaterThan(30);
  });
});
