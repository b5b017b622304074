import * as fastCheck from '../../node_modules/fast-check/lib/fast-check.js';

// What tests import as fast-check (jest.config.js). Its `unit: 'binary'` makes a table of every code point there is, more
// than a million, again in every test file that asks for one such string: two seconds each. This one counts instead, and
// gives, shrinks and refuses the same: an index into the code points that are no surrogates.

const FIRST_SURROGATE = 0xd800;
const SURROGATES = 0x800;
const LAST = 0x10ffff - SURROGATES;

const codePoint = fastCheck.nat(LAST).map(
  (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
  (text) => {
    const code = text.codePointAt(0);
    if (text !== String.fromCodePoint(code) || !text.isWellFormed()) throw new Error('This is not one code point.');
    return code < FIRST_SURROGATE ? code : code - SURROGATES;
  },
);

export const string = (constraints = {}) =>
  fastCheck.string(constraints.unit === 'binary' ? { ...constraints, unit: codePoint } : constraints);

export * from '../../node_modules/fast-check/lib/fast-check.js';
export default { ...fastCheck.default, string };
