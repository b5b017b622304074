import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  buildSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  isUnionType,
  Kind,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLObjectType,
  type SelectionSetNode,
} from 'graphql';
import type { RequestContext } from '@inevitable/contract';
import { fragmentsIn, operationIn } from '../executor/client-operation.js';
import { anyOperation } from '../test-support/any-operation.js';
import { nobody, somebody } from '../test-support/protected-supergraph.js';
import { loadAuthorization } from './authorize.js';

const TYPES = `
  type Query { me: User node: Node found: [Found] mood: Mood count: Int }
  interface Node { id: ID owner: Node note: Text }
  interface Work { title: Text owner: Node }
  type User implements Node { id: ID owner: User note: Text mood: Mood friends: [User] }
  type Book implements Node & Work { id: ID owner: Node note: Text title: Text }
  type Film implements Work { title: Text owner: User mood: Mood }
  union Found = User | Book | Film
  enum Mood { GOOD BAD }
  scalar Text
`;
const schema = buildSchema(TYPES);

interface Asker {
  readonly context: RequestContext;
  readonly granted: ReadonlySet<string>;
}
const anyone: fc.Arbitrary<Asker> = fc
  .record({ isSignedIn: fc.boolean(), may: fc.subarray(['a', 'b', 'c']), granted: fc.subarray(['p', 'q', 'r']) })
  .map(({ isSignedIn, may, granted }) => ({
    context: isSignedIn ? somebody({ may: may.join(' ') }) : nobody(),
    granted: new Set(granted),
  }));

/** What each directive says, in plain words. */
const DIRECTIVES: Readonly<Record<string, (asker: Asker) => boolean>> = {
  '@authenticated': ({ context }) => context.caller.kind !== 'anonymous',
  '@requiresScopes(scopes: [["a"]])': ({ context: { may } }) => may.has('a'),
  '@requiresScopes(scopes: [["a", "b"], ["c"]])': ({ context: { may } }) =>
    (may.has('a') && may.has('b')) || may.has('c'),
  '@policy(policies: [["p"]])': ({ granted }) => granted.has('p'),
  '@policy(policies: [["p", "q"], ["r"]])': ({ granted }) => (granted.has('p') && granted.has('q')) || granted.has('r'),
};

const COORDINATES = Object.values(schema.getTypeMap()).flatMap((type) =>
  type.name.startsWith('__') || isUnionType(type) || /^(ID|Int|String|Boolean)$/.test(type.name)
    ? []
    : [type.name, ...('getFields' in type ? Object.keys(type.getFields()).map((name) => `${type.name}.${name}`) : [])],
);
type Protection = ReadonlyMap<string, string>;
/** A directive on some coordinates, often few. */
const anyProtection: fc.Arbitrary<Protection> = fc
  .array(fc.tuple(fc.constantFrom(...COORDINATES), fc.constantFrom(...Object.keys(DIRECTIVES))), { maxLength: 6 })
  .map((pairs) => new Map(pairs));

const LINKS = ['link/v1.0', 'authenticated/v0.1', 'requiresScopes/v0.1', 'policy/v0.1'].map(
  (specification) => `@link(url: "https://specs.apollo.dev/${specification}")`,
);
/** `extend` is how a directive is put on a type without writing the type anew; fields are written with theirs. */
function protectedSdl(protection: Protection): string {
  const extensions = [...protection].flatMap(([coordinate, directive]) => {
    const [name = '', field] = coordinate.split('.');
    const type = schema.getType(name)!;
    const keyword = type.astNode!.kind.replace('TypeDefinition', '').replace('Object', 'Type').toLowerCase();
    if (field === undefined) return [`extend ${keyword} ${name} ${directive}`];
    const of = (type as GraphQLObjectType).getFields()[field]!.type;
    return [`extend ${keyword} ${name} { ${field}: ${String(of)} ${directive} }`];
  });
  return `schema ${LINKS.join(' ')} { query: Query } ${TYPES} ${extensions.join('\n')}`;
}

const objectsBehind = (type: GraphQLCompositeType): readonly GraphQLObjectType[] =>
  isAbstractType(type) ? schema.getPossibleTypes(type) : [type];

/** Whether a field of a type may be seen, looking at this one type: at it, at the field, and at what the field returns. */
function maySee(type: GraphQLCompositeType, name: string, protection: Protection, asker: Asker): boolean {
  const field = isUnionType(type) ? undefined : type.getFields()[name];
  return [type.name, `${type.name}.${name}`, ...(field ? [getNamedType(field.type).name] : [])].every((coordinate) => {
    const directive = protection.get(coordinate);
    return directive === undefined || DIRECTIVES[directive]!(asker);
  });
}

/**
 * Runs a document as a server would, with every object type that could be behind each selection, and reports each field that
 * an object is asked for. It knows nothing of how requirements are derived for interfaces and fragments.
 */
function run(document: DocumentNode, ask: (object: GraphQLObjectType, field: FieldNode) => void): void {
  const fragments = fragmentsIn(document);
  const done = new Map<SelectionSetNode, Set<GraphQLObjectType>>();
  const applies = (condition: string | undefined, object: GraphQLObjectType): boolean => {
    const wanted = condition === undefined ? object : schema.getType(condition);
    return isObjectType(wanted) ? wanted === object : isAbstractType(wanted) && schema.isSubType(wanted, object);
  };
  const runOn = (object: GraphQLObjectType, set: SelectionSetNode): void => {
    const before = done.get(set) ?? new Set();
    if (before.has(object)) return;
    done.set(set, before.add(object));
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        ask(object, selection);
        const below = getNamedType(object.getFields()[selection.name.value]?.type);
        if (selection.selectionSet && isCompositeType(below))
          for (const one of objectsBehind(below)) runOn(one, selection.selectionSet);
      } else {
        const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)!;
        if (applies(inner.typeCondition?.name.value, object)) runOn(object, inner.selectionSet);
      }
    }
  };
  runOn(schema.getQueryType()!, operationIn(document, null).selectionSet);
}

/** Every field of a document with the type it is selected on. */
function eachField(document: DocumentNode, see: (type: GraphQLCompositeType, field: FieldNode) => unknown): void {
  const typeInfo = new TypeInfo(schema);
  visit(document, visitWithTypeInfo(typeInfo, { Field: (field) => void see(typeInfo.getParentType()!, field) }));
}

async function decide(source: string, protection: Protection, { context, granted }: Asker) {
  const document = parse(source);
  expect(validate(schema, document)).toEqual([]);
  const authorization = loadAuthorization(protectedSdl(protection), schema, {
    mode: 'filter',
    decidePolicy: (policy) => Promise.resolve(granted.has(policy) || undefined),
    onPolicyFailed: (policy) => {
      throw new Error(policy);
    },
  });
  const requirements = authorization.requirementsOf(document, null);
  const decision = requirements ? await authorization.decide(requirements, context) : { kind: 'allowed' as const };
  if (decision.kind === 'rejected') throw decision.error;
  return { document, decision };
}

const forAny = (
  holds: (asked: { source: string; protection: Protection; asker: Asker }) => Promise<void>,
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(fc.record({ source: anyOperation(schema), protection: anyProtection, asker: anyone }), holds),
    { numRuns: 400 },
  );

describe('For any operation, caller and protected schema', () => {
  it('nothing is fetched of any object that the caller may not see', async () => {
    const seen = { allowed: 0, filtered: 0 };
    await forAny(async ({ source, protection, asker }) => {
      const { document, decision } = await decide(source, protection, asker);
      seen[decision.kind]++;
      const fetched = decision.kind === 'filtered' ? decision.document : document;
      expect(validate(schema, fetched)).toEqual([]);
      const asked = new Set<FieldNode>();
      eachField(document, (_type, field) =>
        asked.add(decision.kind === 'filtered' ? decision.inDocument(field) : field),
      );
      run(fetched, (object, field) => {
        // What the client did not write stands in for what was denied, and is not answered.
        if (!asked.has(field)) expect(field.name.value).toBe('__typename');
        else if (!maySee(object, field.name.value, protection, asker))
          throw new Error(`${object.name}.${field.name.value} is fetched.`);
      });
    });
    expect(seen.allowed).toBeGreaterThan(40);
    expect(seen.filtered).toBeGreaterThan(40);
  });

  it('a field is denied exactly when its type, or an object type behind it, does not let the caller see it', async () => {
    await forAny(async ({ source, protection, asker }) => {
      const { document, decision } = await decide(source, protection, asker);
      let denied = 0;
      eachField(document, (type, field) => {
        const expected = ![type, ...objectsBehind(type)].every((one) =>
          maySee(one, field.name.value, protection, asker),
        );
        if (expected) denied++;
        const isDenied = decision.kind === 'filtered' && decision.isDenied(field);
        if (isDenied !== expected) throw new Error(`${type.name}.${field.name.value}: denied is ${isDenied}.`);
      });
      expect(decision.kind).toBe(denied === 0 ? 'allowed' : 'filtered');
    });
  });
});
