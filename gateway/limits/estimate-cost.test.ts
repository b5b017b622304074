import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, parse, type DocumentNode } from 'graphql';
import { conditionVariables, operationIn } from '../executor/client-operation.js';
import { anyPricedOperation, PRICED_SDL } from '../test-support/priced-schema.js';
import { costEstimates, type EstimatedOperation } from './estimate-cost.js';
import { operationCosts } from './operation-cost.js';
import { readCosts } from './read-costs.js';

const schemaOf = (sdl: string) => buildSchema(sdl, { assumeValid: true, assumeValidSDL: true });

function identified(document: DocumentNode): [DocumentNode, EstimatedOperation] {
  const definition = operationIn(document, null);
  return [document, { definition, name: null, conditions: conditionVariables(document, definition) }];
}

describe('The estimate of an operation', () => {
  it.each([
    ['everything is priced', PRICED_SDL],
    ['objects and inputs alone are', PRICED_SDL.replaceAll(/@cost\(weight: \d+\)/g, '')],
  ])('is its static cost, whatever was estimated before for other variables, where %s', (_where, sdl) => {
    const schema = schemaOf(sdl);
    const costs = operationCosts(schema, readCosts(sdl));
    const estimatesOf = costEstimates(schema, readCosts(sdl));
    fc.assert(
      fc.property(anyPricedOperation, ({ source, variables }) => {
        const document = parse(source);
        const estimate = estimatesOf(...identified(document));
        for (const given of [...variables, ...variables])
          expect(estimate(given)).toBe(costs(document, null, given).total);
      }),
      { numRuns: 120 },
    );
  });

  it('is computed once for all texts, and once for each length, as long as they are few', () => {
    const schema = schemaOf(PRICED_SDL);
    let computed = 0;
    const { getRootType } = schema;
    schema.getRootType = (kind) => (computed++, getRootType.call(schema, kind));
    const estimatesOf = costEstimates(schema, readCosts(PRICED_SDL.replaceAll('@cost(weight: 3)', '')));
    const estimate = estimatesOf(
      ...identified(
        parse(
          'query ($n: Int, $s: String, $f: Filter) { books(limit: $n) { id } search(text: $s, filter: $f) { __typename } }',
        ),
      ),
    );
    for (let at = 0; at < 100; at++) estimate({ n: 5, s: `text ${at}`, f: { text: `another ${at}` } });
    expect(computed).toBe(1);
    for (let at = 0; at < 60; at++) estimate({ n: at % 3, f: { text: '' } });
    expect(computed).toBe(4);
  });

  it('knows inputs apart that cost alike everywhere else', () => {
    const sdl = PRICED_SDL.replaceAll(/@cost\(weight: \d+\)/g, '').replace(
      'filters: [Filter!]',
      'filters: [Filter!] @cost(weight: 0)',
    );
    const estimatesOf = costEstimates(schemaOf(sdl), readCosts(sdl));
    const estimate = estimatesOf(
      ...identified(parse('query ($fs: [Filter!]) { search(filters: $fs) { __typename } }')),
    );
    const of = (fs: unknown) => estimate({ fs });
    expect([of([{}, {}]), of([{ author: {} }])]).toEqual([10, 11]);
  });

  it('stays right, and small, for more lengths than are kept', () => {
    const estimatesOf = costEstimates(schemaOf(PRICED_SDL), readCosts(PRICED_SDL));
    const estimate = estimatesOf(...identified(parse('query ($n: Int) { books(limit: $n) { id } }')));
    for (let n = 0; n < 1_000; n++) expect(estimate({ n })).toBe(n);
  });
});
