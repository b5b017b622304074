import { describe, expect, it } from '@jest/globals';
import { PlaceTree } from './place-tree.js';

const treeOf = (...places: (string | number)[][]): PlaceTree<string> => {
  const tree = new PlaceTree<string>();
  for (const place of places) tree.add(place, place.join('.'));
  return tree;
};

describe('The nearest of some places', () => {
  const tree = treeOf(['a', 0, 'b'], ['a', 1, 'b'], ['__proto__']);

  it.each([
    ['is the path itself', ['a', 1, 'b'], 'a.1.b'],
    ['is above the path', ['a', 1, 'b', 'c', 2], 'a.1.b'],
    ['is the first below the path', ['a'], 'a.0.b'],
    ['is the first of all for the answer as a whole', [], 'a.0.b'],
    ['is not beside the path', ['a', 2, 'b'], undefined],
    ['is not at another field', ['a', 0, 'c'], undefined],
    ['may be called anything', ['__proto__', 'x'], '__proto__'],
    ['is not what every object has', ['constructor'], undefined],
  ])('%s', (_title, path, nearest) => {
    expect(tree.nearest(path)).toBe(nearest);
  });

  it('is the answer’s root for everything, where that is a place', () => {
    const root = treeOf([]);
    expect([root.nearest([]), root.nearest(['a', 0])]).toEqual(['', '']);
  });

  it('is none where there are none', () => {
    expect([treeOf().nearest([]), treeOf().nearest(['a'])]).toEqual([undefined, undefined]);
  });
});
