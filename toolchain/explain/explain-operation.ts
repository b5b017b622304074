import {
  ASSUMED_LIST_SIZE,
  conditionValues,
  conditionVariables,
  fieldRequirements,
  operationCosts,
  readCosts,
  readRequirements,
  undeferred,
  type OperationCost,
  type Planner,
  type QueryPlan,
  type Requirement,
} from '@inevitable/gateway';
import {
  buildSchema,
  getVariableValues,
  GraphQLError,
  Kind,
  parse,
  print,
  separateOperations,
  Source,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import type { PlanSize } from '../check/check-report.js';
import { planSize } from '../check/plan-size.js';
import type { Finding } from '../findings/finding.js';

export interface ExplainInput {
  /** The supergraph's schema, and the planner that has loaded it. */
  readonly supergraphSdl: string;
  readonly planner: Planner;
  /** The document as it was written, and what findings call its file. */
  readonly document: string;
  readonly file: string;
  /** Null: there is one operation. */
  readonly operationName: string | null;
  /** Null: none were given, and only what they decide by their defaults is known. */
  readonly variables: Readonly<Record<string, unknown>> | null;
}

export interface Explanation {
  readonly kind: 'explained';
  readonly operation: { readonly kind: 'query' | 'mutation' | 'subscription'; readonly name: string | null };
  readonly plan: QueryPlan;
  readonly size: PlanSize;
  readonly cost: OperationCost & { readonly assumedListSize: number };
  /** The fields that not everybody may see, in the order they stand in the document, each once. All of it must be met. */
  readonly requirements: readonly FieldRequirements[];
  /** Labels of progressive `@override`: the plan is that of a caller who is not on the new side of any. */
  readonly overrideLabels: readonly string[];
}

export interface FieldRequirements {
  /** `Type.field` */
  readonly field: string;
  readonly requires: readonly Requirement[];
}

export type Explained = Explanation | { readonly kind: 'invalid'; readonly findings: readonly Finding[] };

/** The document has no such operation, or several and none was named. */
export class NoSuchOperation extends Error {}

/**
 * What becomes of an operation: its plan, what it costs, and what its caller needs. What is wrong with the operation are
 * findings. Throws `NoSuchOperation`, what the planner throws, and `UnreadableAccessControl`.
 *
 * `@defer` is left out: the plan is that of an answer in one piece.
 */
export async function explainOperation(input: ExplainInput): Promise<Explained> {
  const { supergraphSdl, planner, file, operationName } = input;
  const schema = buildSchema(planner.supergraph.apiSdl, { assumeValid: true, assumeValidSDL: true });
  let document: DocumentNode;
  try {
    document = parse(new Source(input.document, file));
  } catch (error) {
    if (error instanceof GraphQLError) return invalid('GRAPHQL_PARSE_FAILED', [error], file);
    throw error;
  }
  const errors = validate(schema, document);
  if (errors.length > 0) return invalid('GRAPHQL_VALIDATION_FAILED', errors, file);

  const definition = operationNamed(document, operationName);
  const name = definition.name?.value ?? null;
  if (input.variables) {
    const { errors: unfit } = getVariableValues(schema, definition.variableDefinitions ?? [], { ...input.variables });
    if (unfit) return invalid('BAD_USER_INPUT', unfit, file);
  }
  const variables = input.variables ?? {};
  const own = undeferred(separateOperations(document)[name ?? '']!);
  const { plan } = await planner.plan({
    document: print(own),
    operationName: name,
    overrides: {},
    conditions: conditionValues(conditionVariables(own, definition), variables),
  });
  return {
    kind: 'explained',
    operation: { kind: definition.operation, name },
    plan,
    size: planSize(plan),
    cost: {
      ...operationCosts(schema, readCosts(supergraphSdl))(document, name, variables),
      assumedListSize: ASSUMED_LIST_SIZE,
    },
    requirements: requirementsOf(own, schema, supergraphSdl),
    overrideLabels: planner.supergraph.overrideLabels,
  };
}

const invalid = (code: string, errors: readonly GraphQLError[], file: string): Explained => ({
  kind: 'invalid',
  findings: errors.map(({ message, locations }) => ({
    code,
    severity: 'error',
    message,
    place: { file, ...locations?.[0] },
  })),
});

function operationNamed({ definitions }: DocumentNode, name: string | null): OperationDefinitionNode {
  const operations = definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const names = operations.map((operation) => operation.name?.value ?? 'one without a name').join(', ');
  const [found, another] = operations.filter((operation) => name === null || operation.name?.value === name);
  if (!found) throw new NoSuchOperation(`There is no operation "${name}": the document holds ${names}.`);
  if (another) throw new NoSuchOperation(`Say by --operation which one to explain: the document holds ${names}.`);
  return found;
}

function requirementsOf(
  document: DocumentNode,
  schema: GraphQLSchema,
  supergraphSdl: string,
): readonly FieldRequirements[] {
  const required = fieldRequirements(readRequirements(supergraphSdl), schema);
  const found = new Map<string, readonly Requirement[]>();
  if (required.size === 0) return [];
  const typeInfo = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field({ name }) {
        const coordinate = `${typeInfo.getParentType()?.name}.${name.value}`;
        const requires = required.get(coordinate);
        if (requires) found.set(coordinate, requires);
      },
    }),
  );
  return [...found].map(([field, requires]) => ({ field, requires }));
}
