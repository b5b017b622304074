import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLString,
  Kind,
  parse,
  valueFromAST,
  visit,
  type ASTNode,
  type DirectiveNode,
  type DocumentNode,
} from 'graphql';
import type { AnyOf, Requirement, RequirementsByCoordinate } from './requirement.js';
import { schemaLinks } from './schema-links.js';
import { UnreadableAccessControl } from './unreadable-access-control.js';

/** The directive of each access control specification, and what an application of it requires. */
const SPECIFICATIONS: Readonly<Record<string, (applied: DirectiveNode) => Requirement>> = {
  authenticated: (applied) => (expectArguments(applied), { kind: 'authenticated' }),
  requiresScopes: (applied) => ({ kind: 'scopes', anyOf: readAnyOf(applied, 'scopes') }),
  policy: (applied) => ({ kind: 'policies', anyOf: readAnyOf(applied, 'policies') }),
};
const SUPPORTED_VERSION = '0.1';

/**
 * Who may see what in a supergraph: its applications of `@authenticated`, `@requiresScopes` and `@policy`, under whichever
 * names its `@link`s give them. Throws `UnreadableAccessControl` for a version, an argument or a place that is not known,
 * and for a directive that is called like one of these and comes from no link: protection must not be lost silently.
 */
export function readRequirements(supergraphSdl: string): RequirementsByCoordinate {
  const document = parse(supergraphSdl, { noLocation: true });
  const readers = readersIn(document);
  const known = new Map<string, Requirement>();
  const found = new Map<string, Requirement[]>();
  visit(document, {
    Directive(applied, _key, _siblings, _path, ancestors) {
      const read = readers.get(applied.name.value);
      if (!read) return;
      const coordinate = coordinateOf(ancestors.filter(isNode));
      if (coordinate === null)
        throw new UnreadableAccessControl(`@${applied.name.value} stands where it cannot protect anything.`);
      const requirement = read(applied);
      const text = JSON.stringify(requirement);
      const same = known.get(text) ?? requirement;
      known.set(text, same);
      found.set(coordinate, [...(found.get(coordinate) ?? []), same]);
    },
  });
  return found;
}

type ReadRequirement = (applied: DirectiveNode) => Requirement;

/** By the directive's name in this supergraph. */
function readersIn(document: DocumentNode): ReadonlyMap<string, ReadRequirement> {
  const links = schemaLinks(document);
  const readers = new Map<string, ReadRequirement>();
  for (const [name, read] of Object.entries(SPECIFICATIONS)) {
    const identity = `https://specs.apollo.dev/${name}`;
    for (const link of links.filter((one) => one.identity === identity)) {
      if (link.version !== SUPPORTED_VERSION)
        throw new UnreadableAccessControl(`${identity} is known in version ${SUPPORTED_VERSION} only.`);
      readers.set(link.directiveName(name), read);
    }
    if (!links.some((link) => link.owns(name)))
      readers.set(name, () => {
        throw new UnreadableAccessControl(`@${name} is used, and no @link says what it means.`);
      });
  }
  return readers;
}

const TYPES: ReadonlySet<string> = new Set([
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.OBJECT_TYPE_EXTENSION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_EXTENSION,
  Kind.SCALAR_TYPE_DEFINITION,
  Kind.SCALAR_TYPE_EXTENSION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.ENUM_TYPE_EXTENSION,
]);

/** Arguments, input fields, enum values and unions cannot carry these directives (v0.1); that is null. */
function coordinateOf([, type, field, ...deeper]: readonly ASTNode[]): string | null {
  if (!type || !TYPES.has(type.kind) || !('name' in type) || !type.name) return null;
  if (!field) return type.name.value;
  return field.kind === Kind.FIELD_DEFINITION && deeper.length === 0 ? `${type.name.value}.${field.name.value}` : null;
}

const isNode = (one: ASTNode | readonly ASTNode[]): one is ASTNode => 'kind' in one;

const ANY_OF = new GraphQLNonNull(
  new GraphQLList(new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(GraphQLString)))),
);

function readAnyOf(applied: DirectiveNode, argument: string): AnyOf {
  expectArguments(applied, argument);
  const value = applied.arguments?.[0]?.value;
  const anyOf = value && (valueFromAST(value, ANY_OF) as AnyOf | undefined);
  if (!anyOf)
    throw new UnreadableAccessControl(`@${applied.name.value} needs "${argument}", a list of lists of names.`);
  return anyOf;
}

function expectArguments({ name, arguments: given = [] }: DirectiveNode, ...expected: readonly string[]): void {
  if (given.map((argument) => argument.name.value).join() !== expected.join())
    throw new UnreadableAccessControl(
      `@${name.value} takes ${expected.length === 0 ? 'no argument' : `"${expected.join('", "')}" and nothing else`}.`,
    );
}
