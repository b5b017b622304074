import { buildASTSchema, isObjectType, type DocumentNode, type GraphQLSchema } from 'graphql';

/** The whole supergraph as a schema: also what clients cannot see. It is read, and never executed. */
export const supergraphSchema = (supergraph: DocumentNode): GraphQLSchema =>
  buildASTSchema(supergraph, { assumeValid: true, assumeValidSDL: true });

/** True when a subgraph may answer an object of a type that clients cannot see (`@inaccessible`). */
export const hidesObjectTypes = (supergraph: GraphQLSchema, api: GraphQLSchema): boolean =>
  Object.values(supergraph.getTypeMap()).some((type) => isObjectType(type) && !api.getType(type.name));
