import { isAbstractType, printType, type GraphQLDirective, type GraphQLNamedType, type GraphQLSchema } from 'graphql';
import { use } from './operation-uses.js';

/**
 * The keys (see `operation-uses.ts`) of the types and directives of the base that are different or gone on the candidate.
 * An operation that uses none of them is as valid on the one as on the other. Descriptions do not count.
 */
export function changedTypes(base: GraphQLSchema, candidate: GraphQLSchema): ReadonlySet<string> {
  const changed = new Set<string>();
  for (const type of Object.values(base.getTypeMap())) {
    const now = candidate.getType(type.name);
    if (!now || shapeOf(type, base) !== shapeOf(now, candidate)) changed.add(use.type(type.name));
  }
  for (const directive of base.getDirectives()) {
    const now = candidate.getDirective(directive.name);
    if (!now || directiveShape(directive) !== directiveShape(now)) changed.add(use.directive(directive.name));
  }
  return changed;
}

/** With the objects of an interface or union: which fragments may stand in it depends on them. */
function shapeOf(type: GraphQLNamedType, schema: GraphQLSchema): string {
  const objects = isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [];
  return `${printType(type)} ${objects.sort().join(' ')}`;
}

const directiveShape = ({ args, locations, isRepeatable }: GraphQLDirective): string =>
  JSON.stringify([
    args.map(({ name, type, defaultValue }) => [name, String(type), defaultValue]),
    [...locations].sort(),
    isRepeatable,
  ]);
