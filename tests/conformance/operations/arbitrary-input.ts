import fc from 'fast-check';
import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
} from 'graphql';
import type { ArgumentTree, Condition, Input, InputValue } from './selection-tree.js';

const IDS = ['b1', 'f1', 'b3', 'r1', 'ada', 'bob', 'k1', 'k2', 'novel', 'N', 'none'];
/** What an argument of this name may be, so that most operations find something. */
const LIKELY: Readonly<Record<string, readonly unknown[]>> = {
  isbn: ['111', '333', 'none'],
  slugs: ['novel', 'anime', 'none'],
  ids: ['ada', 'bob', 'gone', 'none'],
  email: ['ada@shop.test', 'none'],
  born: ['1815-12-10', '1922-03-08'],
  code: ['N', 'S', 'none'],
  basket: ['k1', 'k2', 'none'],
  product: ['b1', 'f2', 'b3'],
  author: ['ada', 'cyd'],
  text: ['', 'a', 'Fl', 'ß"\\\n'],
  prefix: ['s', 'm', ''],
};

/** Inputs nest at most this deep: one of them contains itself. */
const DEEPEST = 3;

export const argumentsOf = (args: readonly (GraphQLArgument | GraphQLInputField)[], depth = 0) =>
  fc.tuple(...args.map((argument) => argumentOf(argument, depth))).map((some) => some.filter((one) => one !== null));

const argumentOf = (
  argument: GraphQLArgument | GraphQLInputField,
  depth: number,
): fc.Arbitrary<ArgumentTree | null> => {
  const given = inputOf(argument.name, argument.type, depth).map((input) => ({
    name: argument.name,
    type: argument.type,
    input,
  }));
  const mayBeLeftOut = !isNonNullType(argument.type) || argument.defaultValue !== undefined;
  return mayBeLeftOut ? fc.option(given) : given;
};

const HOW: fc.Arbitrary<Input['as']> = fc.constantFrom(
  'literal' as const,
  'variable' as const,
  'default' as const,
  'overridden default' as const,
  'absent' as const,
);

function inputOf(name: string, type: GraphQLInputType, depth: number): fc.Arbitrary<Input> {
  const how = isNonNullType(type) ? HOW.map((as) => (as === 'absent' ? 'variable' : as)) : HOW;
  return fc.record({ as: how, value: valueOf(name, type, depth) });
}

function valueOf(name: string, type: GraphQLInputType, depth: number): fc.Arbitrary<InputValue> {
  if (isNonNullType(type)) return presentValueOf(name, type.ofType, depth);
  return fc.oneof(
    { weight: 5, arbitrary: presentValueOf(name, type, depth) },
    { weight: 1, arbitrary: fc.constant<InputValue>({ kind: 'plain', plain: null }) },
  );
}

function presentValueOf(name: string, type: GraphQLInputType, depth: number): fc.Arbitrary<InputValue> {
  if (isListType(type)) {
    const of = type.ofType as GraphQLInputType;
    const items = fc.array(inputOf(name, of, depth).map(asItem), { maxLength: 3 });
    return items.map((some) => ({ kind: 'list', of, items: some }));
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => depth < DEEPEST || isNonNullType(field.type));
    return argumentsOf(fields, depth + 1).map((some) => ({ kind: 'object', fields: some }));
  }
  return scalarOf(name, type).map((plain) => ({ kind: 'plain', plain }));
}

/** A variable that is absent makes its item null, which not every list allows. */
const asItem = (input: Input): Input => (input.as === 'absent' ? { ...input, as: 'variable' } : input);

function scalarOf(name: string, type: GraphQLInputType): fc.Arbitrary<unknown> {
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map((value) => value.name));
  const likely = LIKELY[name];
  if (likely) return fc.constantFrom(...likely);
  switch (String(type)) {
    case 'ID':
      return fc.constantFrom(...IDS);
    case 'Int':
      return fc.integer({ min: 0, max: 4 });
    case 'Float':
      return fc.constantFrom(0, 1, 19.5, 21);
    case 'Boolean':
      return fc.boolean();
    case 'JSON':
      return ANY_JSON;
    default:
      return fc.constantFrom('', 'text', 'ß"\\\n');
  }
}

const { value: ANY_JSON } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'json' },
    fc.constantFrom<unknown>(null, true, 0, -1.5, 'text', '$text', '__proto__'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'on', 'null', '__typename', 'representations'), tie('value'), { maxKeys: 2 }),
  ),
}));

const CONDITION: fc.Arbitrary<Condition> = fc.record({
  directive: fc.constantFrom('skip' as const, 'include' as const),
  input: fc.record({
    as: fc.constantFrom('literal' as const, 'variable' as const, 'default' as const, 'overridden default' as const),
    value: fc.boolean().map((plain): InputValue => ({ kind: 'plain', plain })),
  }),
});

/** Mostly none; sometimes one of each. */
export const CONDITIONS: fc.Arbitrary<readonly Condition[]> = fc.oneof(
  { weight: 6, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.uniqueArray(CONDITION, { maxLength: 2, selector: ({ directive }) => directive }) },
);
