import type fc from 'fast-check';
import { anyNumbers, Choices } from './choices.js';

const LEAVES = ['String', 'Int', 'Float', 'Float', 'Boolean', 'ID', 'Color', 'Odd'];
const COMPOSITES = ['Thing', 'Other', 'Third', 'Node', 'Any'];
const WRAPPERS = ['T', 'T!', '[T]', '[T!]', '[T!]!', '[[T]!]', '[[T!]]!'];
/** Two that every JavaScript object has without being given them. */
const LEAF_FIELDS = ['id', 'name', 'size', 'constructor', 'toString'];
const COMPOSITE_FIELDS = ['thing', 'node', 'any', 'items'];

/**
 * Small schemas, as SDL: every kind of type, lists of lists, null allowed and not. A field name means one type in all of
 * the schema and takes no arguments, so that any selection merges (`anyOperation` wants it so).
 */
export const anySchema: fc.Arbitrary<string> = anyNumbers(60).map((numbers) => {
  const choices = new Choices(numbers);
  const typed = (name: string, types: readonly string[]): readonly [string, string] => [
    name,
    choices.oneOf(WRAPPERS).replace('T', choices.oneOf(types)),
  ];
  const types = new Map([
    ...LEAF_FIELDS.map((name) => typed(name, LEAVES)),
    ...COMPOSITE_FIELDS.map((name) => typed(name, COMPOSITES)),
  ]);
  const names = [...types.keys()];
  const fields = (required: readonly string[]): string =>
    [...new Set([...required, ...choices.some(names)])].map((name) => `${name}: ${types.get(name)!}`).join(' ');

  const shared = ['id', ...choices.some(['name', 'thing'])];
  return `type Query { ${fields([choices.oneOf(COMPOSITE_FIELDS), choices.oneOf(LEAF_FIELDS)])} }
interface Node { ${shared.map((name) => `${name}: ${types.get(name)!}`).join(' ')} }
type Thing implements Node { ${fields(shared)} }
type Other implements Node { ${fields(shared)} }
type Third { ${fields(['name'])} }
union Any = Thing | Other | Third
enum Color { RED GREEN }
scalar Odd`;
});
