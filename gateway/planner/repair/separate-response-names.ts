import {
  Kind,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
} from 'graphql';
import type { InternalFields } from './internal-fields.js';

/** A document in which no response name means one thing to the client and another to the planner. */
export interface SeparatedDocument {
  readonly document: DocumentNode;
  /** Response names of the client's document and what replaces them; of those not listed, none was replaced. */
  readonly renamed: ReadonlyMap<string, string>;
}

/**
 * `@apollo/query-planner` adds the fields of keys, `@requires` and `@fromContext` to a fetch under their own names, whatever
 * the client has put there: `comments(limit: 1)` gave way to `@requires(fields: "comments(limit: 3) { id }")`, and so did
 * `id: title` to a key. Names on which an object's prototype or GraphQL itself has a claim are replaced as well.
 *
 * A name is replaced throughout the document, so that fields which merged still merge and no others do. The document must
 * be valid on `schema`, the API schema. Where nothing collides it is returned as it is.
 */
export function separateResponseNames(
  document: DocumentNode,
  schema: GraphQLSchema,
  internal: InternalFields,
): SeparatedDocument {
  const used = new Set<string>();
  const colliding = new Set<string>();
  const typeInfo = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field(field) {
        const name = responseNameOf(field);
        used.add(name);
        const addedHere = internal.get(typeInfo.getParentType()?.name ?? '');
        if (isReserved(field, name) || (addedHere && collides(field, name, addedHere))) colliding.add(name);
      },
    }),
  );
  if (colliding.size === 0) return { document, renamed: NONE };

  for (const fields of internal.values()) for (const name of fields.keys()) used.add(name);
  const renamed = new Map([...colliding].map((name) => [name, unused(name, used)]));
  return {
    document: visit(document, {
      Field(field) {
        const value = renamed.get(responseNameOf(field));
        return value === undefined ? undefined : { ...field, alias: { kind: Kind.NAME, value } };
      },
    }),
    renamed,
  };
}

const NONE: ReadonlyMap<string, string> = new Map();

export const responseNameOf = ({ alias, name }: FieldNode): string => (alias ?? name).value;

/** The same field without arguments merges with what the planner adds, when that has none either. */
function collides(field: FieldNode, name: string, added: ReadonlyMap<string, boolean>): boolean {
  const addedWithArguments = added.get(name);
  if (addedWithArguments === undefined) return false;
  return addedWithArguments || name !== field.name.value || (field.arguments?.length ?? 0) > 0;
}

/** The planner selects `__typename` itself; the other meta-fields are not planned. */
const META_FIELDS = new Set(['__typename', '__schema', '__type']);

const isReserved = (field: FieldNode, name: string): boolean =>
  name.startsWith('__') ? name !== field.name.value || !META_FIELDS.has(name) : name in Object.prototype;

function unused(name: string, used: Set<string>): string {
  const base = name.replace(/^_+/, '') || 'field';
  for (let number = 1; ; number++) {
    const candidate = `${base}__${number}`;
    if (used.has(candidate)) continue;
    used.add(candidate);
    return candidate;
  }
}
