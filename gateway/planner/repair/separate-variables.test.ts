import { describe, expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import { separateVariables } from './separate-variables.js';

describe('A variable of the client', () => {
  it('is renamed where the planner has one of that name, and found again under its own', () => {
    const { document, clientNames } = separateVariables(
      parse('query ($representations: Int, $n: Int) { a(first: $representations, n: $n) }'),
    );
    expect(print(document)).toBe(
      print(parse('query ($client_representations: Int, $n: Int) { a(first: $client_representations, n: $n) }')),
    );
    expect([...clientNames]).toEqual([['client_representations', 'representations']]);
  });

  it('never gets the name of another one', () => {
    const { clientNames } = separateVariables(
      parse('query ($contextualArgument_1_0: Int, $client_contextualArgument_1_0: Int) { a }'),
    );
    expect([...clientNames]).toEqual([['_client_contextualArgument_1_0', 'contextualArgument_1_0']]);
  });

  it('keeps its name otherwise', () => {
    const document = parse('query ($representation: Int) { a(n: $representation) }');
    expect(separateVariables(document).document).toBe(document);
  });
});
