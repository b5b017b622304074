import { Unauthenticated, type RequestContext } from '@inevitable/contract';
import {
  defaultFieldResolver,
  isObjectType,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from 'graphql';

/** The declaration opens a field that does not exist: a typo that would leave the intended field closed. */
export class UnknownPublicField extends Error {}

/**
 * Closes every field of `schema` to the anonymous, but for `publicFields` (`Type.field` or `Type.*`). Entities are
 * closed with their type. Throws `UnknownPublicField`.
 */
export function denyByDefault(schema: GraphQLSchema, publicFields: readonly string[]): void {
  const open = new Set(publicFields);
  for (const name of open) assertKnown(schema, name);
  const openTypes = new Set([...open].map((name) => name.split('.')[0]!));

  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      if (open.has(`${type.name}.${field.name}`) || open.has(`${type.name}.*`)) continue;
      if (field.name === '_entities' && type === schema.getQueryType()) closeEntities(field, openTypes);
      else close(field);
    }
  }
}

/** A field of `Subscription` is closed twice: where it is subscribed to, and for each event. */
function close(field: GraphQLField<unknown, RequestContext>): void {
  field.resolve = closed(field.resolve ?? defaultFieldResolver);
  if (field.subscribe) field.subscribe = closed(field.subscribe);
}

const closed =
  (resolve: GraphQLFieldResolver<unknown, RequestContext>): GraphQLFieldResolver<unknown, RequestContext> =>
  (parent, args, context, info) => {
    if (context.caller.kind === 'anonymous') throw new Unauthenticated();
    return resolve(parent, args, context, info);
  };

/** An anonymous caller may only join types that have something to show to it; their fields are judged one by one. */
function closeEntities(field: GraphQLField<unknown, RequestContext>, openTypes: ReadonlySet<string>): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  field.resolve = (parent, args: { representations?: readonly { __typename?: string }[] }, context, info) => {
    const isOpen = args.representations?.every(({ __typename }) => openTypes.has(__typename ?? ''));
    if (context.caller.kind === 'anonymous' && !isOpen) throw new Unauthenticated();
    return resolve(parent, args, context, info);
  };
}

function assertKnown(schema: GraphQLSchema, name: string): void {
  const [typeName = '', fieldName = ''] = name.split('.');
  const type = schema.getType(typeName);
  const known = isObjectType(type) && (fieldName === '*' || fieldName in type.getFields());
  if (!known) throw new UnknownPublicField(`publicFields names "${name}", and the schema has no such field.`);
}
