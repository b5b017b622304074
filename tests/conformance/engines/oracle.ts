import {
  buildASTSchema,
  execute,
  GraphQLError,
  isNonNullType,
  parse,
  printSchema,
  visit,
  type ExecutionResult,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { suffer, type Faults } from '../faults.js';
import type { Args, Entity } from '../graphql-subgraph.js';
import type { RichSupergraph } from '../rich-supergraph/rich-supergraph.js';
import {
  refOf,
  truthAbout,
  type Answers,
  type Requiring,
  type RichSubgraph,
  type Situation,
} from '../rich-supergraph/rich-subgraph.js';
import type { Answer, EngineUnderTest, Operation } from './engine-under-test.js';

export interface Oracle extends EngineUnderTest {
  /**
   * Every error the operation can meet, also those below a place that another error made null: the same execution on a
   * schema in which every field may be null, so that no error hides another.
   */
  everyError(operation: Operation, faults: Faults): Promise<readonly GraphQLFormattedError[]>;
}

type Resolver = GraphQLFieldResolver<Entity, Situation>;

/** What is right: graphql-js executes the operation over the same data, on the merged schema, in one piece. */
export function oracleOf({ apiSchema, subgraphs }: RichSupergraph): Oracle {
  const resolve = resolverOf(apiSchema, mergedAnswers(subgraphs));
  const lenient = withEveryFieldNullable(apiSchema);

  const executeOn = async (schema: GraphQLSchema, operation: Operation, faults: Faults, fieldResolver: Resolver) =>
    execute({
      schema,
      document: parse(operation.source),
      operationName: operation.operationName,
      variableValues: operation.variables,
      contextValue: { faults, journal: [] },
      rootValue: {},
      fieldResolver,
      typeResolver: (value: Entity) => value.__typename,
    });

  return {
    name: 'the oracle',
    run: async (operation, faults) => toAnswer(await executeOn(apiSchema, operation, faults, resolve)),
    async everyError(operation, faults) {
      const { errors = [] } = await executeOn(lenient, operation, faults, (parent, args, situation, info) => {
        const value: unknown = resolve(parent, args, situation, info);
        const { type } = (apiSchema.getType(info.parentType.name) as GraphQLObjectType).getFields()[info.fieldName]!;
        if ((value === null || value === undefined) && isNonNullType(type))
          throw new GraphQLError('Null where none is allowed.');
        return value;
      });
      return errors.map((error) => error.toJSON());
    },
    close: async () => undefined,
  };
}

const toAnswer = ({ errors, ...rest }: ExecutionResult): Answer => ({
  ...rest,
  ...(errors && { errors: errors.map((error) => error.toJSON()) }),
});

function resolverOf(schema: GraphQLSchema, answers: Answers): Resolver {
  return (parent, args: Args, situation, { parentType: { name: type }, fieldName: field }) =>
    suffer(situation.faults, field, refOf(parent, type)) === null
      ? null
      : truthAbout(answers, schema, type, field, parent, args, situation);
}

/** All subgraphs' answers by type and field. A required field is computed from what is true. */
function mergedAnswers(subgraphs: readonly RichSubgraph[]): Answers {
  const merged: Record<string, Record<string, Answers[string][string]>> = {};
  for (const { answers = {}, requiring = {} } of subgraphs) {
    for (const [type, fields] of Object.entries(answers)) Object.assign((merged[type] ??= {}), fields);
    for (const [type, fields] of Object.entries(requiring))
      for (const [field, requires] of Object.entries(fields)) (merged[type] ??= {})[field] = fromTruth(requires);
  }
  return merged;
}

const fromTruth =
  ({ truth, answer }: Requiring): Answers[string][string] =>
  (self, args) => {
    const required = truth(self);
    return required && answer(required, args);
  };

function withEveryFieldNullable(schema: GraphQLSchema): GraphQLSchema {
  const lenient = visit(parse(printSchema(schema)), {
    FieldDefinition: (field) => ({
      ...field,
      type: visit(field.type, { NonNullType: { leave: ({ type }) => type } }),
    }),
  });
  return buildASTSchema(lenient);
}
