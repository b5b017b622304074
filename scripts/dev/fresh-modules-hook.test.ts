import { describe, expect, it } from '@jest/globals';
import { versionedUrl } from './fresh-modules-hook.js';

const BELOW = ['file:///p/starter/dist/', 'file:///p/planner/dist/'];

describe('A module that is loaded anew', () => {
  it('takes with it what it imports from its own folder, and nothing else', () => {
    const parent = 'file:///p/starter/dist/index.js?v=3';
    const of = (url: string) => versionedUrl(url, parent, BELOW);
    expect(of('file:///p/starter/dist/resolvers/notes.js')).toBe('file:///p/starter/dist/resolvers/notes.js?v=3');
    for (const elsewhere of [
      'file:///p/planner/dist/index.js', // another product's
      'file:///p/starter/distant.js',
      'file:///p/kit/dist/index.js',
      'node:fs',
      'file:///p/starter/dist/data.js?raw', // has a meaning of its own
    ])
      expect(of(elsewhere)).toBe(elsewhere);
    const own = 'file:///p/starter/dist/resolvers/notes.js';
    for (const from of [undefined, 'file:///p/starter/dist/index.js', 'file:///p/kit/dist/index.js?v=3'])
      expect(versionedUrl(own, from, BELOW)).toBe(own);
  });
});
