import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { DateTimeISOResolver, EmailAddressResolver, JSONResolver, URLResolver } from 'graphql-scalars';

const DECIMAL = /^-?\d{1,30}(\.\d{1,20})?$/;

function parseDecimal(value: unknown): string {
  if (typeof value === 'string' && DECIMAL.test(value)) return value;
  throw new GraphQLError('A Decimal is text such as "12.50".', { extensions: { code: 'BAD_USER_INPUT' } });
}

const Decimal = new GraphQLScalarType({
  name: 'Decimal',
  serialize: (value) => String(value),
  parseValue: parseDecimal,
  parseLiteral: (node) => parseDecimal(node.kind === Kind.STRING ? node.value : null),
});

/** The resolvers of the shared scalars. */
export const sharedScalars: Readonly<Record<string, GraphQLScalarType>> = {
  DateTime: DateTimeISOResolver,
  JSON: JSONResolver,
  EmailAddress: EmailAddressResolver,
  URL: URLResolver,
  Decimal,
};
