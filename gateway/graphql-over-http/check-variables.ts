import {
  coerceInputValue,
  isInputType,
  isNonNullType,
  typeFromAST,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { MAX_ERRORS, refused, shorten, type FieldProblem } from './refuse-document.js';

/**
 * GraphQL specification, 6.1.2. Done here rather than by `getVariableValues` because that one names no path. `suggests`: a
 * mistake is told with names of the schema that would have been right.
 */
export function checkVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
  suggests = true,
): void {
  const problems: FieldProblem[] = [];
  for (const { variable, type: typeNode, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    const type = typeFromAST(schema, typeNode);
    if (!isInputType(type)) continue; // validation refused it before
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    if (value === undefined) {
      if (!defaultValue && isNonNullType(type))
        problems.push({ message: `Variable "$${name}" of type "${type}" is required.`, field: name });
      continue;
    }
    const problemAt = (path: readonly (string | number)[], _value: unknown, error: Error): void => {
      const field = [name, ...path].join('.');
      problems.push({ message: shorten(`Variable "$${field}" does not fit: ${error.message}`), field });
      if (problems.length >= MAX_ERRORS) throw new EnoughProblems();
    };
    try {
      coerceInputValue(value, type, problemAt, !suggests);
    } catch (error) {
      if (!(error instanceof EnoughProblems)) throw error;
    }
    if (problems.length >= MAX_ERRORS) break;
  }
  if (problems.length > 0) throw refused('BAD_USER_INPUT', problems.slice(0, MAX_ERRORS));
}

/** Ends the look at a value: a list of a megabyte may have a hundred thousand more of them, each an error of its own. */
class EnoughProblems extends Error {}
