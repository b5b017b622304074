import {
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
  type GraphQLInputType,
} from 'graphql';

/** An id that nothing has. */
export const NO_ID = '01890000-0000-7000-8000-000000000000';

const OF_SCALARS: Readonly<Record<string, unknown>> = {
  ID: NO_ID,
  String: 'x',
  Int: 1,
  Float: 1,
  Boolean: true,
  JSON: {},
  DateTime: '2030-01-01T00:00:00.000Z',
  EmailAddress: 'somebody@example.test',
  URL: 'https://example.test/',
  Decimal: '1.00',
};

/** A value that an argument of this type accepts, with only what it must have. `id`: for each ID. */
export function exampleOf(type: GraphQLInputType, id?: string): unknown {
  if (isNonNullType(type)) return exampleOf(type.ofType, id);
  if (isListType(type)) return [exampleOf(type.ofType, id)];
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (isInputObjectType(type))
    return Object.fromEntries(
      Object.values(type.getFields())
        .filter(isRequiredInputField)
        .map((field) => [field.name, exampleOf(field.type, id)]),
    );
  return type.name === 'ID' && id !== undefined ? id : OF_SCALARS[type.name];
}
