import { fieldSetsIn, mentionsIn } from './field-sets.js';
import type { SupergraphTypes } from './supergraph-types.js';

/**
 * What a planner may fetch beside what the client asked for, because a key, a `@requires` or a `@fromContext` mentions it:
 * names of fields by the type they are selected on, abstract types included. True: also with arguments. Plain data, fit
 * for `structuredClone`.
 */
export type InternalFields = ReadonlyMap<string, ReadonlyMap<string, boolean>>;

/** `@provides` adds nothing: it only says where a field that is asked for can be had. */
export function readInternalFields(types: SupergraphTypes): InternalFields {
  const mentioned: FieldsByType = new Map();
  for (const fieldSet of fieldSetsIn(types))
    if (fieldSet.kind !== 'provides')
      for (const { typeName, field } of mentionsIn(fieldSet, types))
        add(mentioned, typeName, field.name.value, (field.arguments?.length ?? 0) > 0);
  // The planner may select it on any type the object has.
  const internal: FieldsByType = new Map();
  for (const [typeName, fields] of mentioned)
    for (const overlapping of types.overlapping(typeName))
      for (const [name, hasArguments] of fields) add(internal, overlapping, name, hasArguments);
  return internal;
}

type FieldsByType = Map<string, Map<string, boolean>>;

function add(into: FieldsByType, typeName: string, field: string, hasArguments: boolean): void {
  const fields = into.get(typeName) ?? new Map<string, boolean>();
  fields.set(field, hasArguments || fields.get(field) === true);
  into.set(typeName, fields);
}
