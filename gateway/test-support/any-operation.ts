import fc from 'fast-check';
import {
  doTypesOverlap,
  getNamedType,
  isCompositeType,
  isUnionType,
  type GraphQLCompositeType,
  type GraphQLSchema,
} from 'graphql';

const FRAGMENTS = 3;
const CHOICES = 80;

/**
 * Valid queries with aliases, conditions, inline fragments and named ones that several places spread. Fields of one name must
 * be of one shape in the whole schema and take no arguments, so that any selection merges.
 */
export function anyOperation(schema: GraphQLSchema): fc.Arbitrary<string> {
  const composites = Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLCompositeType => isCompositeType(type) && !type.name.startsWith('__'),
  );
  const overlapping = (type: GraphQLCompositeType) => composites.filter((one) => doTypesOverlap(schema, type, one));

  function write(fragmentTypes: readonly GraphQLCompositeType[], choices: readonly number[]): string {
    let made = 0;
    const oneOf = <T>(options: readonly T[]): T => options[choices[made++ % CHOICES]! % options.length]!;
    const condition = (): string => oneOf(['', '', '', ' @include(if: $v)', ' @skip(if: true)']);

    /** `within`: the number of the fragment that is being written. It spreads only those after it. */
    function selectionSet(type: GraphQLCompositeType, depth: number, within: number): string {
      const size = oneOf([1, 2, 3, 4]);
      return `{ ${Array.from({ length: size }, () => selection(type, depth, within)).join(' ')} }`;
    }

    function selection(type: GraphQLCompositeType, depth: number, within: number): string {
      const spreads = fragmentTypes.flatMap((on, at) =>
        at > within && doTypesOverlap(schema, type, on) ? [`...F${at}`] : [],
      );
      const kind = oneOf(['field', 'field', 'field', 'spread', 'inline']);
      if (kind === 'spread' && spreads.length > 0) return oneOf(spreads) + condition();
      if (kind === 'inline' && depth > 0) {
        const on = oneOf(overlapping(type));
        return `... on ${on.name}${condition()} ${selectionSet(on, depth - 1, within)}`;
      }
      const fields = isUnionType(type) ? [] : Object.values(type.getFields());
      const field = oneOf([null, ...fields.filter(({ type }) => depth > 0 || !isCompositeType(getNamedType(type)))]);
      if (!field) return `__typename${condition()}`;
      const below = getNamedType(field.type);
      const inner = isCompositeType(below) ? selectionSet(below, depth - 1, within) : '';
      return `${oneOf(['', '', `x_${field.name}: `])}${field.name}${condition()} ${inner}`;
    }

    const query = selectionSet(schema.getQueryType()!, 4, -1);
    return withUsedOnly(
      query,
      fragmentTypes.map((type, at) => `fragment F${at} on ${type.name} ${selectionSet(type, 2, at)}`),
    );
  }

  const fragmentTypes = fc.array(fc.constantFrom(...composites), { minLength: FRAGMENTS, maxLength: FRAGMENTS });
  const choices = fc.array(fc.nat({ max: 999 }), { minLength: CHOICES, maxLength: CHOICES });
  return fc.tuple(fragmentTypes, choices).map(([types, made]) => write(types, made));
}

/** Validation refuses a fragment that nothing spreads and a variable that nothing uses. */
function withUsedOnly(query: string, fragments: readonly string[]): string {
  const used = new Set<string>();
  const follow = (text: string): void => {
    for (const [, at] of text.matchAll(/\.\.\.F(\d)/g)) {
      const fragment = fragments[Number(at)]!;
      if (used.has(fragment)) continue;
      used.add(fragment);
      follow(fragment);
    }
  };
  follow(query);
  const text = [query, ...used].join(' ');
  return `query${text.includes('$v') ? ' ($v: Boolean = true)' : ''} ${text}`;
}
