import { describe, expect, it } from '@jest/globals';
import { buildSchema, parse } from 'graphql';
import type { RequestContext } from '@inevitable/contract';
import { nobody, somebody } from '../test-support/protected-supergraph.js';
import type { DecidePolicy } from './decide-policies.js';
import { operationRequirements } from './operation-requirements.js';
import type { AnyOf, Requirement } from './requirement.js';
import { unmetRequirements } from './unmet-requirements.js';

const schema = buildSchema('type Query { a: Int }');
const failed: string[] = [];
const unmet = (requirement: Requirement, context: RequestContext, decide: DecidePolicy = () => undefined) =>
  unmetRequirements(
    operationRequirements(parse('{ a }'), null, schema, new Map([['Query.a', [requirement]]]))!,
    context,
    decide,
    (policy) => failed.push(policy),
  );
const met = new Set();

describe('@authenticated', () => {
  const requirement: Requirement = { kind: 'authenticated' };
  it('is met by everybody but the anonymous', () => {
    expect(unmet(requirement, nobody())).toEqual(new Set([requirement]));
    expect(unmet(requirement, somebody())).toEqual(met);
    expect(unmet(requirement, { ...nobody(), caller: { kind: 'service', service: 'mail' } })).toEqual(met);
  });
});

describe('@requiresScopes', () => {
  const [both, either]: [AnyOf, AnyOf] = [[['a', 'b']], [['a', 'b'], ['c']]];
  it.each<[AnyOf, string, boolean]>([
    [both, 'a b', true],
    [both, 'a', false],
    [both, 'a c', false],
    [either, 'c', true],
    [either, 'a b d', true],
    [either, 'b', false],
    [either, '', false],
    [[['constructor']], '', false],
    [[[]], '', true],
    [[], 'a b c', false],
  ])('%j with the permissions "%s" is met: %s', (anyOf, may, expected) => {
    const requirement: Requirement = { kind: 'scopes', anyOf };
    expect(unmet(requirement, somebody({ may }))).toEqual(expected ? met : new Set([requirement]));
  });
});

describe('@policy', () => {
  const requirement: Requirement = { kind: 'policies', anyOf: [['a', 'b'], ['c']] };
  const denied = new Set([requirement]);
  const granting =
    (...names: string[]): DecidePolicy =>
    (name) =>
      names.includes(name) ? true : undefined;

  it('is met by one list of which every name holds', () => {
    expect(unmet(requirement, nobody(), granting('a', 'b'))).toEqual(met);
    expect(unmet(requirement, nobody(), granting('c'))).toEqual(met);
    expect(unmet(requirement, nobody(), granting('a'))).toEqual(denied);
  });

  it('is denied where nobody answers for the name', () => {
    expect(unmet(requirement, somebody())).toEqual(denied);
  });

  it.each<[string, DecidePolicy]>([
    [
      'a throw',
      () => {
        throw new Error('down');
      },
    ],
    ['a rejection', () => Promise.reject(new Error('down'))],
  ])('is denied after %s, and whoever operates this is told', async (_what, decide) => {
    failed.length = 0;
    expect(await unmet(requirement, somebody(), decide)).toEqual(denied);
    expect(failed).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['text', 'yes'],
    ['a number', 1],
    ['null', null],
    ['an object', { allowed: true }],
  ])('is denied by an answer that is %s instead of true', async (_what, answer) => {
    expect(await unmet(requirement, somebody(), () => answer as never)).toEqual(denied);
    expect(await unmet(requirement, somebody(), () => Promise.resolve(answer as never))).toEqual(denied);
  });

  it('is asked once for each name, and waited for only where somebody has to be', async () => {
    const asked: string[] = [];
    expect(unmet(requirement, somebody(), (name) => (asked.push(name), true))).toEqual(met);
    expect(asked).toEqual(['a', 'b', 'c']);
    const waited = unmet(requirement, somebody(), () => Promise.resolve(true));
    expect(waited).toBeInstanceOf(Promise);
    expect(await waited).toEqual(met);
  });

  it('that is never answered is waited for until nobody waits for the request', async () => {
    const leave = new AbortController();
    const never = unmet(requirement, somebody({ signal: leave.signal }), () => new Promise(() => undefined));
    leave.abort(new Error('The client left.'));
    await expect(never).rejects.toThrow('The client left.');
  });
});
