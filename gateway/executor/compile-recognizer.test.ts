import { isUtf8 } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, parse, type DocumentNode, type GraphQLSchema } from 'graphql';
import { anyOperation } from '../test-support/any-operation.js';
import { anySchema } from '../test-support/any-schema.js';
import { faultlessAnswer, ODD_VALUES, PLAIN_VALUES, type LeafValues } from '../test-support/any-answer.js';
import { anyNumbers, Choices } from '../test-support/choices.js';
import { clientOperationOf } from '../test-support/client-operation-of.js';
import { parseAnswer } from '../transports/parse-answer.js';
import { AnswerProblems } from './answer-problems.js';
import type { ClientOperation } from './client-operation.js';
import { operationWriters } from './answer-writers.js';
import { compileRecognizer, type RecognizeAnswer } from './compile-recognizer.js';

interface Case {
  readonly sdl: string;
  readonly query: string;
  readonly v: boolean;
}
const anyCase: fc.Arbitrary<Case> = anySchema.chain((sdl) =>
  fc.record({ sdl: fc.constant(sdl), query: anyOperation(buildSchema(sdl)), v: fc.boolean() }),
);

interface Compiled {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly client: ClientOperation;
  readonly recognize: RecognizeAnswer | null;
}
function compile({ sdl, query, v }: Case): Compiled {
  const schema = buildSchema(sdl);
  const document = parse(query);
  const client = clientOperationOf(document, { v });
  return { schema, document, client, recognize: compileRecognizer(schema, client) };
}

const answerTo = ({ schema, document }: Compiled, { v }: Case, choices: Choices, values: LeafValues): object =>
  faultlessAnswer(schema, document, { v }, choices, values);

interface WrittenSlowly {
  readonly text: string;
  readonly objects: number;
}

/** What the client would get of these bytes if nobody recognized them; null where it is anything but data alone. */
function writtenSlowly({ schema, client }: Compiled, bytes: Buffer): WrittenSlowly | null {
  const { data, errors, ...more } = parseAnswer(bytes, 'any');
  if (!data || errors !== undefined || Object.keys(more).length > 0) return null;
  const problems = new AnswerProblems([]);
  const text = operationWriters(schema, client).exact()(data, problems, () => 'null');
  return problems.found.length === 0 && text !== null ? { text, objects: problems.objects } : null;
}

function expectSameAsSlowWay(compiled: Compiled, bytes: Buffer, objects: number | null): void {
  const slowly = writtenSlowly(compiled, bytes);
  const passedOn = JSON.parse(bytes.toString()) as { data: unknown };
  expect(isUtf8(bytes)).toBe(true);
  expect([JSON.stringify(passedOn.data), objects]).toEqual([slowly?.text, slowly?.objects]); // the order of keys too
  expect(isDeepStrictEqual(passedOn.data, JSON.parse(slowly!.text))).toBe(true); // and 0 apart from -0
}

/** Bytes that mean something in JSON, that continue or break a character, and that are often forgotten. */
const BYTES = [...Buffer.from('{}[]":,.-+eE\\/u019 \t\r\nntfa'), 0x00, 0x1f, 0x7f, 0x80, 0xc3, 0xa4, 0xed, 0xff];

function damage(bytes: Buffer, choices: Choices): Buffer {
  const at = choices.below(bytes.length + 1);
  const byte = Buffer.of(choices.oneOf(BYTES));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (choices.below(6)) {
    case 0:
      return Buffer.concat([before, byte, after]);
    case 1:
      return Buffer.concat([before, after.subarray(1)]);
    case 2:
      return before;
    case 3:
      return Buffer.concat([bytes, byte]);
    case 4: // a piece twice: digits become longer, keys come again
      return Buffer.concat([before, bytes.subarray(Math.max(0, at - 1 - choices.below(12)), at), after]);
    default:
      return Buffer.concat([before, byte, after.subarray(1)]);
  }
}

const ODD_NUMBERS = [
  '1.0',
  '1e3',
  '1E-3',
  '-0',
  '-0.0',
  '01',
  '-01',
  '.5',
  '1.',
  '+1',
  '2147483648',
  '-2147483649',
  '1e999',
].concat(['0.1000000000000000055511151231257827', '12345678901234567890', '-', '9'.repeat(400), 'NaN', '"1"']);
const ODD_TEXTS = ['true', '1', '"RED"', '"BLUE"', '"\\u0052ED"', '"\\/"', '"\\ud83d"', '"\t"', '{}', '[]', '""'];
const ODD_ENTRIES = ['"__typename":"Thing"', '"":1', '"__proto__":{}', '"more":null'];

/** JSON of a value, one place of which is written as some subgraph writes it that is careless, or wrong. */
function writeOddly(whole: unknown, choices: Choices): string {
  let left = choices.below(placesIn(whole));
  const write = (value: unknown): string => {
    if (left-- === 0) return oddly(value);
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    return Array.isArray(value) ? `[${value.map(write).join()}]` : `{${entries(value).join()}}`;
  };
  const entries = (value: object): string[] =>
    Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${write(item)}`);
  const oddly = (value: unknown): string => {
    if (choices.onceIn(6)) return choices.oneOf(['null', ` ${write(value)}`, `${write(value)}\n`]);
    if (typeof value === 'number') return choices.oneOf(ODD_NUMBERS);
    if (typeof value !== 'object' || value === null || choices.onceIn(5)) return choices.oneOf(ODD_TEXTS);
    if (Array.isArray(value))
      return choices.oneOf([`[${value.map(write).join()},]`, write({ ...value }), '[null]', '[[]]']);
    const written = entries(value);
    const at = choices.below(written.length);
    const [one = '"x":1'] = written.slice(at);
    const others = written.filter((entry) => entry !== one);
    return `{${choices.oneOf([written.toReversed(), others, [...written, one], [choices.oneOf(ODD_ENTRIES), ...written]]).join()}}`;
  };
  return write(whole);
}

const placesIn = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum: number, item: unknown) => sum + placesIn(item), 1)
    : 1;

describe('The recognizer of an operation', () => {
  it('says yes to every faultless answer with plain values', () => {
    let recognized = 0;
    fc.assert(
      fc.property(anyCase, anyNumbers(60), (one, numbers) => {
        const compiled = compile(one);
        const data = answerTo(compiled, one, new Choices(numbers), PLAIN_VALUES);
        fc.pre(compiled.recognize !== null);
        for (const end of ['', '\n']) {
          const bytes = Buffer.from(`{"data":${JSON.stringify(data)}}${end}`);
          expectSameAsSlowWay(compiled, bytes, compiled.recognize!(bytes));
        }
        recognized++;
      }),
      { numRuns: 200 },
    );
    expect(recognized).toBe(200);
  });

  it('says yes to damaged bytes only where the slow way would write the same', () => {
    let recognized = 0;
    fc.assert(
      fc.property(
        anyCase,
        anyNumbers(60),
        fc.array(anyNumbers(12), { minLength: 50, maxLength: 50 }),
        (one, numbers, damages) => {
          const compiled = compile(one);
          fc.pre(compiled.recognize !== null);
          const values = numbers[0]! % 2 ? PLAIN_VALUES : ODD_VALUES;
          const data = answerTo(compiled, one, new Choices(numbers), values);
          const bytes = Buffer.from(`{"data":${JSON.stringify(data)}}`);
          for (const made of damages) {
            const choices = new Choices(made);
            let near: Buffer = bytes;
            for (let left = choices.below(3); left >= 0; left--) near = damage(near, choices);
            const objects = compiled.recognize!(near);
            if (objects === null) continue;
            recognized++;
            expectSameAsSlowWay(compiled, near, objects);
          }
        },
      ),
      { numRuns: 250 },
    );
    expect(recognized).toBeGreaterThan(30);
  });

  it('says yes to an answer that is written oddly only where the slow way would write the same', () => {
    let recognized = 0;
    fc.assert(
      fc.property(
        anyCase,
        anyNumbers(60),
        fc.array(anyNumbers(8), { minLength: 25, maxLength: 25 }),
        (one, numbers, ways) => {
          const compiled = compile(one);
          fc.pre(compiled.recognize !== null);
          const data = answerTo(compiled, one, new Choices(numbers), ODD_VALUES);
          for (const way of ways) {
            const choices = new Choices(way);
            const beside = choices.onceIn(10)
              ? choices.oneOf(['"errors":null', '"errors":[{}]', '"extensions":{}', '"x":1'])
              : '';
            const text = writeOddly(data, choices);
            const whole = choices.below(2) ? [`"data":${text}`, beside] : [beside, `"data":${text}`];
            const bytes = Buffer.from(`{${whole.filter(Boolean).join()}}`);
            const objects = compiled.recognize!(bytes);
            if (objects === null) continue;
            recognized++;
            expectSameAsSlowWay(compiled, bytes, objects);
          }
        },
      ),
      { numRuns: 250 },
    );
    expect(recognized).toBeGreaterThan(100);
  });

  const SDL = `type Query { s: String i: Int! f: Float! b: Boolean! id: ID! color: Color! odd: Odd lists: [[Int!]!]! node: Node any: Any }
interface Node { id: ID! name: String! }
type Ada implements Node { id: ID! name: String! }
type Bob implements Node { id: ID! name: String! }
union Any = Ada | Bob
enum Color { RED GREEN }
scalar Odd`;
  const recognizerOf = (query: string, changes: Partial<ClientOperation> = {}): RecognizeAnswer | null =>
    compileRecognizer(buildSchema(SDL), clientOperationOf(parse(query), {}, changes));
  const recognizes = (query: string, bytes: string | Buffer): boolean =>
    recognizerOf(query)!(Buffer.from(bytes)) !== null;

  it.each([
    ['{ i }', '{"data":{"i":-2147483648}}'],
    ['{ f }', '{"data":{"f":-0.5}}'],
    ['{ s }', '{"data":{"s":null}}\n'],
    ['{ s }', '{"data":{"s":"\u2028ä€😀"}}'],
    ['{ lists }', '{"data":{"lists":[[],[1,2],[3]]}}'],
    [
      '{ constructor: color __proto__: b toString: id }',
      '{"data":{"constructor":"RED","__proto__":true,"toString":"1"}}',
    ],
    ['{ node { id name } }', '{"data":{"node":{"id":"1","name":"Ada"}}}'],
    ['{ s @skip(if: true) }', '{"data":{}}'],
  ])('says yes to the answer of %s: %s', (query, text) => expect(recognizes(query, text)).toBe(true));

  it.each([
    ['white space', '{ i }', '{ "data":{"i":1}}'],
    ['more than a line after it', '{ i }', '{"data":{"i":1}}\n\n'],
    ['a byte order mark', '{ i }', '\ufeff{"data":{"i":1}}'],
    ['errors beside the data', '{ s }', '{"data":{"s":null},"errors":[{"message":"no"}]}'],
    ['extensions beside the data', '{ s }', '{"data":{"s":null},"extensions":{"secret":1}}'],
    ['a field more', '{ i }', '{"data":{"i":1,"s":null}}'],
    ['a field less', '{ i s }', '{"data":{"i":1}}'],
    ['fields in another order', '{ i s }', '{"data":{"s":null,"i":1}}'],
    ['null that may not be', '{ i }', '{"data":{"i":null}}'],
    ['null in a list that may not hold it', '{ lists }', '{"data":{"lists":[[null]]}}'],
    ['an enum value that is none', '{ color }', '{"data":{"color":"BLUE"}}'],
    ['an Int beyond 32 bits', '{ i }', '{"data":{"i":2147483648}}'],
    ['an Int with a fraction', '{ i }', '{"data":{"i":1.0}}'],
    ['an ID that is a number', '{ id }', '{"data":{"id":1}}'],
    ['a zero with a sign', '{ f }', '{"data":{"f":-0.0}}'],
    ['an exponent', '{ f }', '{"data":{"f":1e3}}'],
    ['an escape', '{ s }', '{"data":{"s":"\\u0041"}}'],
    ['a control character', '{ s }', '{"data":{"s":"\t"}}'],
    ['a custom scalar that is no string', '{ odd }', '{"data":{"odd":{}}}'],
    ['a type name that is not the one', '{ node { id } }', '{"data":{"node":{"__typename":"Ada","id":"1"}}}'],
    ['an end too soon', '{ s }', '{"data":{"s":"a'],
  ])('says no to %s', (_what, query, text) => expect(recognizes(query, text)).toBe(false));

  it('says no to what is no UTF-8, however well it is quoted', () => {
    const quoted = (...bytes: number[]) =>
      Buffer.concat([Buffer.from('{"data":{"s":"'), Buffer.of(...bytes), Buffer.from('"}}')]);
    expect(recognizes('{ s }', quoted(0xc3, 0xa4))).toBe(true);
    for (const broken of [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]])
      expect(recognizes('{ s }', quoted(...broken))).toBe(false);
  });

  it('stays small where fragments spread each other again and again', () => {
    const schema = buildSchema('type Query { a: T } type T { a: T id: ID }');
    const levels = Array.from(
      { length: 40 },
      (_, at) => `fragment F${at} on T { x: a { ...F${at + 1} } y: a { ...F${at + 1} } }`,
    );
    const client = clientOperationOf(parse(`{ a { ...F0 } } ${levels.join(' ')} fragment F40 on T { id }`));
    const recognize = compileRecognizer(schema, client)!;
    expect(recognize(Buffer.from('{"data":{"a":{"x":null,"y":{"x":null,"y":null}}}}'))).toBe(2);
    expect(recognize(Buffer.from('{"data":{"a":{"x":null,"y":{"x":null}}}}'))).toBeNull();
  });

  it.each([
    ['the type of an object decides about its fields', '{ any { ... on Ada { id } ... on Bob { name } } }', {}],
    ['the client wants a type name that the bytes do not tell', '{ node { __typename } }', {}],
    ['the gateway itself answers a field', '{ __typename i }', {}],
    ['a field is fetched under another name', '{ i }', { plannedName: () => 'i__1' }],
    ['a field may be denied', '{ i }', { mayDeny: true }],
    ['the supergraph has types that clients cannot see', '{ i }', { hidesTypes: true }],
  ])('is not made where %s', (_where, query, changes) => expect(recognizerOf(query, changes)).toBeNull());
});
