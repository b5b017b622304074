import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { completeSchemaText } from '@inevitable/kit/host';
import { isUnionType, parse, type GraphQLField, type GraphQLObjectType, type GraphQLSchema } from 'graphql';

/** The schema a product serves, with federation's own fields. */
export const productSchema = ({ schema }: Pick<SubgraphDeclaration, 'schema'>): GraphQLSchema =>
  buildSubgraphSchema(parse(completeSchemaText(readFileSync(schema, 'utf8'))));

/** The entities that other subgraphs join: this product's own, and those it extends. */
export function entitiesOf(schema: GraphQLSchema): readonly GraphQLObjectType[] {
  const union = schema.getType('_Entity');
  return isUnionType(union) ? union.getTypes() : [];
}

/** What clients ask for; federation's own fields are left out. */
export const fieldsOfRoot = (root: GraphQLObjectType | null | undefined): readonly GraphQLField<unknown, unknown>[] =>
  Object.values(root?.getFields() ?? {}).filter(({ name }) => !name.startsWith('_'));
