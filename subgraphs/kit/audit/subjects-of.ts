import { isUuid, type AuditRecord } from '@inevitable/contract';
import { getNamedType, isListType, isNonNullType, isObjectType, type GraphQLField } from 'graphql';

export type Subjects = AuditRecord['subjects'];
/** What a mutation was done to: ids of its input and of its answer, and nothing else of either. */
export type SubjectReader = (args: Readonly<Record<string, unknown>>, answer: unknown) => Subjects;

const MOST_SUBJECTS = 20;

/**
 * Runs once per root mutation field, at load. The reader takes ids that plainly are ids: of the input `id` and `…Id`, of the
 * answer the object's own, or those of the objects in a payload.
 */
export function subjectsOf(field: GraphQLField<unknown, unknown>): SubjectReader {
  const readAnswer = answerReader(field);
  const ofAnswer = namesOwnId(field) ? lowerFirst(getNamedType(field.type).name) : 'object';
  return (args, answer) => {
    const found = new Map<string, string>();
    const keep = (type: string, id: unknown): void => {
      if (typeof id === 'string' && isUuid(id) && !found.has(id) && found.size < MOST_SUBJECTS) found.set(id, type);
    };
    readAnswer(answer, keep);
    for (const [name, value] of Object.entries(objectOr(args['input']))) {
      if (name === 'id') keep(ofAnswer, value);
      else if (/^[a-z]\w*Id$/.test(name)) keep(name.slice(0, -2), value);
    }
    return [...found].map(([id, type]) => ({ type, id }));
  };
}

type Keep = (type: string, id: unknown) => void;

function answerReader(field: GraphQLField<unknown, unknown>): (answer: unknown, keep: Keep) => void {
  const type = getNamedType(field.type);
  if (!isObjectType(type)) return () => undefined;
  if (namesOwnId(field)) return (answer, keep) => eachOf(answer, (one) => keep(lowerFirst(type.name), one['id']));
  const inPayload = Object.values(type.getFields()).filter(namesOwnId);
  return (answer, keep) =>
    eachOf(answer, (payload) => {
      for (const { name, type: of } of inPayload)
        eachOf(payload[name], (one) => keep(lowerFirst(getNamedType(of).name), one['id']));
    });
}

/** Whether what the field answers is an object, or a list of objects, with an id. */
function namesOwnId({ type }: Pick<GraphQLField<unknown, unknown>, 'type'>): boolean {
  const [named, shape] = [getNamedType(type), isNonNullType(type) ? type.ofType : type];
  return isObjectType(named) && 'id' in named.getFields() && (shape === named || isListType(shape));
}

function eachOf(value: unknown, read: (one: Readonly<Record<string, unknown>>) => void): void {
  for (const one of Array.isArray(value) ? value.slice(0, MOST_SUBJECTS) : [value]) read(objectOr(one));
}

const objectOr = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
