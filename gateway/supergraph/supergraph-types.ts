import { buildASTSchema, isObjectType, parse, type GraphQLSchema } from 'graphql';

/** The whole supergraph as a schema: also what clients cannot see. It is read, and never executed. */
export const supergraphSchema = (sdl: string): GraphQLSchema =>
  buildASTSchema(parse(sdl, { noLocation: true }), { assumeValid: true, assumeValidSDL: true });

/** True when a subgraph may answer an object of a type that clients cannot see (`@inaccessible`). */
export const hidesObjectTypes = (supergraph: GraphQLSchema, api: GraphQLSchema): boolean =>
  Object.values(supergraph.getTypeMap()).some((type) => isObjectType(type) && !api.getType(type.name));
