import fc from 'fast-check';
import { isAbstractType, isObjectType, parse, TypeInfo, visit, visitWithTypeInfo, type GraphQLSchema } from 'graphql';
import type { Operation } from '../engines/engine-under-test.js';
import type { FaultKind, Faults } from '../faults.js';
import { refsOf } from '../rich-supergraph/entity-of.js';
import type { RichSupergraph } from '../rich-supergraph/rich-supergraph.js';

/** A fault before it is known what the operation selects: `place` and `entity` count through what there is. */
export interface FaultTree {
  readonly place: number;
  readonly entity: number | null;
  readonly kind: FaultKind;
}

export const arbitraryFaults: fc.Arbitrary<readonly FaultTree[]> = fc.array(
  fc.record({
    place: fc.nat(200),
    entity: fc.option(fc.nat(20)),
    kind: fc.constantFrom('refusal' as const, 'crash' as const, 'null' as const),
  }),
  { maxLength: 3 },
);

/** The faults as they concern fields that the operation selects and that may fail. */
export function faultsAmong(trees: readonly FaultTree[], operation: Operation, supergraph: RichSupergraph): Faults {
  const places = selectedFields(operation, supergraph.apiSchema).filter(({ field }) => supergraph.mayFail(field));
  if (places.length === 0) return [];
  return trees.map(({ place, entity, kind }) => {
    const { field, types } = places[place % places.length]!;
    const refs = types.flatMap(refsOf);
    return { field, kind, entity: entity === null || refs.length === 0 ? '*' : refs[entity % refs.length]! };
  });
}

/** Every field of the document with the object types it may be of, in the order of the document. */
function selectedFields({ source }: Operation, schema: GraphQLSchema) {
  const found: { field: string; types: string[] }[] = [];
  const typeInfo = new TypeInfo(schema);
  visit(
    parse(source),
    visitWithTypeInfo(typeInfo, {
      Field({ name }) {
        const parent = typeInfo.getParentType();
        const types = isAbstractType(parent)
          ? schema.getPossibleTypes(parent).map((type) => type.name)
          : isObjectType(parent)
            ? [parent.name]
            : [];
        found.push({ field: name.value, types });
      },
    }),
  );
  return found;
}
