import { describe, expect, it } from '@jest/globals';
import { parse, print } from 'graphql';
import { operationIn } from '../executor/client-operation.js';
import { textToPlan } from './text-to-plan.js';

function textOf(source: string, fetched: string | null = null, operationName: string | null = null): string {
  const document = parse(source, { noLocation: true });
  const definition = operationIn(document, operationName);
  return textToPlan({ document, source }, definition, fetched === null ? document : parse(fetched));
}
const printed = (source: string): string => print(parse(source));

describe('A planner is given', () => {
  it('an operation that is alone in its document as its client wrote it', () => {
    const source = 'query  Q { a, b # both\n }';
    expect(textOf(source)).toBe(source);
  });

  it('it printed where it is long, because that may be white space', () => {
    const source = `query Q { a${' '.repeat(16 * 1024)}b }`;
    expect(textOf(source)).toBe(printed('query Q { a b }'));
  });

  it('what is fetched of it', () => {
    expect(textOf('{ a secret }', '{ a }')).toBe(printed('{ a }'));
  });

  it('of several one operation, with the fragments it uses', () => {
    const fragments = ['fragment F on Query { a }', 'fragment G on Query { b }'];
    const source = `query One { ...F } query Two { ...G } ${fragments.join(' ')}`;
    expect(textOf(source, null, 'Two')).toBe(printed(`query Two { ...G } ${fragments[1]!}`));
  });
});
