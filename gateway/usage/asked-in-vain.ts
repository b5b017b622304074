import { Kind, type FragmentDefinitionNode, type SelectionNode, type SelectionSetNode } from 'graphql';
import { fragmentsIn } from '../executor/client-operation.js';
import type { AnswerSeen } from '../extensions/gateway-extension.js';
import { asksForData } from './asks-for-data.js';

/** What callers are told who may not have what they ask for. */
const REFUSALS: ReadonlySet<unknown> = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_ENTITLED',
  'UNAUTHORIZED_FIELD_OR_TYPE',
]);

/**
 * Nothing that was asked for was given, because the caller may not have it, or asked for none of it after all (`@skip`,
 * `@include`). Whatever it is called, `__typename` says nothing that the schema does not say. Of an answer in parts the
 * first is looked at.
 */
export function askedInVain({ operation, errors, data, passedThrough }: AnswerSeen): boolean {
  const { document, definition } = operation;
  if (passedThrough || !errors.every(({ extensions }) => REFUSALS.has(extensions?.['code']))) return false;
  // Most answers: they need not be read.
  if (errors.length === 0 && asksForData(document, definition, isCertain)) return false;
  if (data === null) return true;
  const fragments = fragmentsIn(document);
  const answered: unknown = JSON.parse(String(data));
  const sets = [definition.selectionSet];
  // Where nothing was refused null is an answer, too.
  if (errors.length === 0) return dataIn(answered as object, sets, fragments).length === 0;
  return !isGiven(answered, sets, fragments);
}

const isCertain = ({ directives = [] }: SelectionNode): boolean => directives.length === 0;

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** An empty list is an answer, too. `sets`: what was asked for in it; none of a scalar. */
function isGiven(value: unknown, sets: readonly SelectionSetNode[], fragments: Fragments): boolean {
  if (Array.isArray(value)) return value.length === 0 || value.some((item) => isGiven(item, sets, fragments));
  if (typeof value !== 'object' || value === null || sets.length === 0) return value !== null;
  return dataIn(value, sets, fragments).some(([given, below]) => isGiven(given, below, fragments));
}

/** What an object has of the fields that are not the schema's own (`__typename`), with what was asked for in each. */
function dataIn(
  object: object,
  sets: readonly SelectionSetNode[],
  fragments: Fragments,
): (readonly [unknown, readonly SelectionSetNode[]])[] {
  const below = new Map<string, SelectionSetNode[]>();
  const ofSchema = new Set<string>();
  const spread = new Set<string>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        if (selection.name.value.startsWith('__')) ofSchema.add(name);
        const known = below.get(name);
        const own = known ?? [];
        if (!known) below.set(name, own);
        if (selection.selectionSet) own.push(selection.selectionSet);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
      else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment) collect(fragment.selectionSet);
      }
    }
  };
  sets.forEach(collect);
  return Object.entries(object).flatMap(([name, value]) => {
    const asked = below.get(name);
    return asked && !ofSchema.has(name) ? [[value, asked] as const] : [];
  });
}
