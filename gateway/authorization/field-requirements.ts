import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isIntrospectionType,
  isUnionType,
  TypeNameMetaFieldDef,
  type GraphQLCompositeType,
  type GraphQLSchema,
} from 'graphql';
import type { Requirement, RequirementsByCoordinate } from './requirement.js';

/**
 * What selecting a field requires, by coordinate (`User.email`, `User.__typename`); an open field is not there. That is,
 * together:
 * - what stands on the field, on the type it is selected on and on the type it returns (object, interface, scalar or enum);
 * - for a field of an interface, and for `__typename` of a union, the same for every object type that may be behind it:
 *   which one it will be is not known before data is fetched. A fragment on an object type asks for that type alone.
 *
 * `__schema` and `__type` are open always: they show the schema, which is no one's data.
 */
export function fieldRequirements(declared: RequirementsByCoordinate, schema: GraphQLSchema): RequirementsByCoordinate {
  const required = new Map<string, readonly Requirement[]>();
  if (declared.size === 0) return required;
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isCompositeType(type) || isIntrospectionType(type)) continue;
    const alternatives = [type, ...(isAbstractType(type) ? schema.getPossibleTypes(type) : [])];
    for (const field of [TypeNameMetaFieldDef.name, ...Object.keys(fieldsOf(type))]) {
      const all = new Set(alternatives.flatMap((one) => requirementsOf(declared, one, field)));
      if (all.size > 0) required.set(`${type.name}.${field}`, [...all]);
    }
  }
  return required;
}

function requirementsOf(
  declared: RequirementsByCoordinate,
  type: GraphQLCompositeType,
  fieldName: string,
): readonly Requirement[] {
  const field = fieldsOf(type)[fieldName];
  const coordinates = [type.name, `${type.name}.${fieldName}`, ...(field ? [getNamedType(field.type).name] : [])];
  return coordinates.flatMap((coordinate) => declared.get(coordinate) ?? []);
}

const fieldsOf = (type: GraphQLCompositeType) => (isUnionType(type) ? {} : type.getFields());
