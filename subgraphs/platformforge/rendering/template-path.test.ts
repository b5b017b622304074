import { posix, win32 } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { byBytes, pathClash, pathFault, templatePathFault } from './template-path.js';

/** What an attacker would put together. */
const hostilePath = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '',
        '~',
        'C:',
        'con',
        'NUL.txt',
        'a',
        'b.txt',
        '...',
        '.. ',
        '{{x}}',
        '{{',
        '.git',
        '%2e',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    ),
    { maxLength: 6 },
  )
  .chain((names) => fc.constantFrom('/', '\\', '//').map((slash) => names.join(slash)));

describe('A path', () => {
  it.each([
    'README.md',
    '.env.development',
    'src/deep/down/a file with spaces.ts',
    'docs/ünïcode-☃.md',
    '.github/workflows/ci.yml',
    '..hidden/...dots',
  ])('may be %j', (path) => {
    expect([pathFault(path), templatePathFault(path)]).toEqual([null, null]);
  });

  it.each([
    ['', 'has an empty name in it'],
    ['/etc/passwd', 'is absolute'],
    ['../x', 'climbs out of its folder'],
    ['a/../../x', 'climbs out of its folder'],
    ['./a', 'climbs out of its folder'],
    ['a//b', 'has an empty name in it'],
    ['a/', 'has an empty name in it'],
    ['a\\b', 'has a backslash'],
    ['C:/x', 'has one of the characters < > : " | ? * in it'],
    ['a\0b', 'has characters that cannot be seen'],
    ['a\nb', 'has characters that cannot be seen'],
    ['a\u202etxt.exe', 'has characters that cannot be seen'],
    ['a\ud800', 'has characters that cannot be seen'],
    ['a\ufffd', 'is not UTF-8'],
    ['src/Aux.ts', 'has a name that Windows keeps for itself'],
    ['com1', 'has a name that Windows keeps for itself'],
    ['a./b', 'has a name that ends with a dot or a space'],
    ['a /b', 'has a name that ends with a dot or a space'],
    ['.git/hooks/post-checkout', 'has a name that git keeps for itself'],
    ['a/.GIT/config', 'has a name that git keeps for itself'],
    ['a'.repeat(201), 'is longer than 200 characters'],
    ['☃'.repeat(86), 'has a name of more than 255 bytes'],
  ])('may not be %j: it %s', (path, fault) => {
    expect([pathFault(path), templatePathFault(path)]).toEqual([fault, fault]);
  });

  it('of a template may print values, not take decisions or make folders', () => {
    expect(templatePathFault('src/{{ parameters.entity | kebab_case }}/{{platform.slug}}.ts.liquid')).toBeNull();
    for (const path of ['{% if x %}a{% endif %}', '{{ "a/b" }}', '{{ a', 'a }}', '{{ {{ a }} }}'])
      expect(templatePathFault(path)).not.toBeNull();
    expect(templatePathFault('{{ x }}/../../y')).toBe('climbs out of its folder');
    expect(templatePathFault('{{ "\\" }}')).toBe('has a backslash');
    expect(templatePathFault(`{{ "${'a'.repeat(200)}" }}`)).toBe('is longer than 200 characters');
  });

  it('that may be never leads out of its folder, on any system', () => {
    fc.assert(
      fc.property(hostilePath, (path) => {
        if (pathFault(path) !== null && templatePathFault(path) !== null) return;
        expect(posix.resolve('/root/folder', path)).toBe(`/root/folder/${path}`);
        expect(win32.resolve('C:\\folder', path)).toBe(`C:\\folder\\${path.replaceAll('/', '\\')}`);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('Paths beside each other', () => {
  it.each([
    [['a', 'b/c', 'b/d'], null],
    [['a', 'a'], { path: 'a', fault: 'is there twice' }],
    [['README.md', 'Readme.md'], { path: 'Readme.md', fault: 'differs from "README.md" by capital letters alone' }],
    [['caf\u00e9', 'cafe\u0301'], { path: 'cafe\u0301', fault: 'differs from "caf\u00e9" by capital letters alone' }],
    [['src/a', 'SRC/b'], { path: 'SRC/b', fault: 'has a folder that differs from "src" by capital letters alone' }],
    [['a', 'a/b'], { path: 'a', fault: 'is a file and a folder' }],
    [['a/b/c', 'A/b'], { path: 'A/b', fault: 'has a folder that differs from "a" by capital letters alone' }],
    [['a/b/c', 'a/b'], { path: 'a/b', fault: 'is a file and a folder' }],
  ])('%j: %j', (paths, clash) => {
    expect(pathClash(paths)).toEqual(clash);
  });

  it('have one order on every machine: that of their bytes', () => {
    expect(['b', 'a/b', 'a-b', 'Z', 'a', '\uff5e', '😀'].toSorted(byBytes)).toEqual([
      'Z',
      'a',
      'a-b',
      'a/b',
      'b',
      '\uff5e',
      '😀',
    ]);
  });
});
