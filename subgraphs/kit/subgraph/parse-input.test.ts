import { describe, expect, it } from '@jest/globals';
import { BadUserInput } from '@inevitable/contract';
import { z } from 'zod';
import { plainText } from '../graph/plain-text.js';
import { uuidText } from '../graph/uuid-text.js';
import { parseInput } from './parse-input.js';

function refusalOf(schema: z.ZodType, input: unknown): { readonly message: string; readonly field: unknown } {
  try {
    parseInput(schema, input);
  } catch (error) {
    const { message, details } = error as BadUserInput;
    return { message, field: details['field'] };
  }
  throw new Error('It was taken.');
}

describe('Input that does not fit', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['must be at least 1', z.int().min(1).max(3_650), 0],
    ['must be at most 3650', z.int().min(1).max(3_650), 3_651],
    ['must be more than 0', z.number().positive(), 0],
    ['must be less than 1', z.number().lt(1), 1],
    ['must be a whole number', z.int(), 1.5],
    ['must be a multiple of 5', z.number().multipleOf(5), 7],
    ['is missing', z.string(), undefined],
    ['must be text', z.string(), 7],
    ['must be a number', z.number(), 'seven'],
    ['must be true or false', z.boolean(), 'yes'],
    ['must be a date with a time', z.date(), 'tomorrow'],
    ['must be a list', z.array(z.string()), {}],
    ['must be an object', z.object({}), []],
    ['must have at least 2 characters', z.string().min(2), 'a'],
    ['must have at most 1 character', z.string().max(1), 'ab'],
    ['must have 2 characters', z.string().length(2), 'a'],
    ['must have at least 1 entry', z.array(z.string()).min(1), []],
    ['must have at most 2 entries', z.array(z.string()).max(2), ['a', 'b', 'c']],
    ['must be one of "day", "hour"', z.enum(['day', 'hour']), 'week'],
    ['must be 3', z.literal(3), 4],
    ['must be of the form "email"', z.email(), 'ada'],
    ['must have another form', z.string().regex(/^a$/), 'b'],
    ['must not have "b", "c"', z.strictObject({ a: z.string().optional() }), { b: 1, c: 2 }],
    ['fits none of what it may be', z.union([z.string(), z.number()]), {}],
  ])('is refused in words a person understands: it %s', (message, schema, input) => {
    expect(refusalOf(schema, input)).toEqual({ message, field: 'input' });
  });

  it.each<[string, z.ZodType, unknown]>([
    ['must have 1 to 5 characters', plainText({ min: 1, max: 5 }), 'too long'],
    ['must be a UUID', uuidText, 'x'],
    ['must be written in small letters', uuidText, '01A200A6-0000-7000-8000-0000DEADBEEF'],
    ['one, at least', z.int().min(1, 'one, at least'), 0],
  ])('is refused in the words of its schema where that has its own: it %s', (message, schema, input) => {
    expect(refusalOf(schema, input)).toEqual({ message, field: 'input' });
  });

  it('is refused with the first place that does not fit', () => {
    const schema = z.object({ name: z.string(), tags: z.array(z.object({ n: z.number() })) });
    expect(refusalOf(schema, { name: 'a', tags: [{ n: 1 }, { n: 'x' }] })).toEqual({
      message: 'must be a number',
      field: 'input.tags.1.n',
    });
  });
});
