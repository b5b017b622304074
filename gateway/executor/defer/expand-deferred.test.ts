import { describe, expect, it } from '@jest/globals';
import { parse, print, stripIgnoredCharacters, visit } from 'graphql';
import { expandDeferred } from './expand-deferred.js';

const expanded = (source: string) => expandDeferred(parse(source), new Map());

/** Fragments each of which spreads the next one twice; the last defers something. */
function doubling(levels: number, inLast = '... @defer { slow }'): string {
  const fragments = Array.from(
    { length: levels },
    (_, level) => `fragment F${level} on User { ...F${level + 1} ...F${level + 1} }`,
  );
  return `{ me { ...F0 } } ${fragments.join(' ')} fragment F${levels} on User { id ${inLast} }`;
}

describe('An operation with something deferred', () => {
  it('has each deferred fragment inline, once for each place it is spread at, with a label of its own', () => {
    const document = expanded(
      '{ a: me { ...F } b: me { ...F } } fragment F on User { ... @defer(label: "late") { slow } }',
    )!;
    const labels = [...document.clientLabels.keys()];
    expect([...document.clientLabels.values()]).toEqual(['late', 'late']);
    expect(new Set(labels).size).toBe(2);
    expect(stripIgnoredCharacters(print(document.document.definitions[0]!))).toBe(
      `{a:me{...on User{...@defer(label:"${labels[0]}"){slow}}}b:me{...on User{...@defer(label:"${labels[1]}"){slow}}}}`,
    );
  });

  it('keeps the fragments that defer nothing', () => {
    const source = '{ me { ...F ... @defer { slow } } } fragment F on User { ...G } fragment G on User { id }';
    expect(print(expanded(source)!.document)).toContain('...F');
  });

  it('is not written out where its fragments double with each level, however many levels there are', () => {
    expect(expanded(doubling(3))!.clientLabels.size).toBe(8);
    expect(expanded(doubling(60))).toBeNull(); // 2^60 deferred fragments
    expect(expanded(doubling(60, '...G @defer').concat(' fragment G on User { slow }'))).toBeNull();
    const undeferred = doubling(60, 'slow').replace('me {', 'me { ... @defer { name } ');
    expect(expanded(undeferred)!.clientLabels.size).toBe(1);
  });

  it('is not written out where a long fragment would be copied many times', () => {
    const fields = Array.from({ length: 50 }, (_, at) => `f${at}: slow`).join(' ');
    const spreads = (count: number) => Array.from({ length: count }, (_, at) => `u${at}: me { ...F }`).join(' ');
    const source = (count: number) => `{ ${spreads(count)} } fragment F on User { ${fields} ... @defer { slow } }`;
    expect(expanded(source(10))).not.toBeNull();
    expect(expanded(source(60))).toBeNull();
  });

  it('may write a hundred deferred fragments out itself, and no more', () => {
    const source = (count: number) => `{ me { ${'... @defer { slow } '.repeat(count)} } }`;
    expect(expanded(source(100))!.clientLabels.size).toBe(100);
    expect(expanded(source(101))).toBeNull();
  });

  it('still tells the client’s own node of a field that was copied', () => {
    const document = parse('{ me { id ...F } } fragment F on User { friend { ... @defer { slow } } }');
    const { document: copy, originalOf } = expandDeferred(document, new Map())!;
    const originals = new Set<unknown>();
    visit(document, { Field: (field) => void originals.add(field) });
    visit(copy, { Field: (field) => expect(originals).toContain(originalOf(field)) });
  });
});
