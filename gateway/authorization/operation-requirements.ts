import {
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { fragmentsIn, operationIn } from '../executor/client-operation.js';
import type { Requirement, RequirementsByCoordinate } from './requirement.js';

/** What one operation asks for that not everybody may see. */
export interface OperationRequirements {
  readonly operation: OperationDefinitionNode;
  /** Those the operation uses, by name. */
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Each once. There is at least one. */
  readonly requirements: readonly Requirement[];
  /** What each protected field requires, all of it. Fields that are not here are open. */
  readonly protectedFields: ReadonlyMap<FieldNode, readonly Requirement[]>;
  /** Every policy that `requirements` name, each once. */
  readonly policies: readonly string[];
}

/**
 * What an operation requires, found in one pass over its document; null when all of it is open. `required` is what
 * `fieldRequirements` gives, the document is valid on `schema`.
 *
 * A field node has one parent type, also in a fragment that is spread in many places: the fragment's own. So what a node
 * requires does not depend on the way to it, and no fragment has to be unfolded. `... on Node { secret }` asks for the
 * secret of every Node, even inside of a `User`.
 *
 * Arguments, input fields and enum values carry no requirements, as their directives have no such location. `@skip` and
 * `@include` change nothing: a variable of the client's must not decide what is looked at.
 */
export function operationRequirements(
  document: DocumentNode,
  operationName: string | null,
  schema: GraphQLSchema,
  required: RequirementsByCoordinate,
): OperationRequirements | null {
  const operation = operationIn(document, operationName);
  const used = separateOperations(document)[operation.name?.value ?? '']!;
  const protectedFields = new Map<FieldNode, readonly Requirement[]>();
  const typeInfo = new TypeInfo(schema);
  visit(
    used,
    visitWithTypeInfo(typeInfo, {
      Field(field) {
        const parent = typeInfo.getParentType();
        if (!parent) throw new Error(`The document does not fit the schema: nothing has "${field.name.value}".`);
        const needed = required.get(`${parent.name}.${field.name.value}`);
        if (needed) protectedFields.set(field, needed);
      },
    }),
  );
  if (protectedFields.size === 0) return null;
  const requirements = [...new Set([...protectedFields.values()].flat())];
  return { operation, fragments: fragmentsIn(used), requirements, protectedFields, policies: policiesIn(requirements) };
}

const policiesIn = (requirements: readonly Requirement[]): readonly string[] => [
  ...new Set(requirements.flatMap((one) => (one.kind === 'policies' ? one.anyOf.flat() : []))),
];
