import {
  Kind,
  OperationTypeNode,
  print,
  stripIgnoredCharacters,
  visit,
  type FieldNode,
  type SelectionSetNode,
  type TypeNode,
  type VariableDefinitionNode,
} from 'graphql';
import { REPRESENTATIONS, type EntitySelection } from './entity-selection.js';

/** A request for entities without its values: the document, and how its parts are called. */
export interface EntitiesRequest {
  readonly query: string;
  /** The beginning of its body, up to the values of its variables. */
  readonly start: string;
  readonly parts: readonly RequestPart[];
  /** Names of the client's variables that the document uses. */
  readonly variables: readonly string[];
}

export interface RequestPart {
  /** Response name of its list of entities. */
  readonly alias: string;
  /** Name of the variable with its representations. */
  readonly representations: string;
  /** What the part calls the variables whose values are its own (`@fromContext`). */
  readonly own: ReadonlyMap<string, string>;
}

/** One list of entities in a request. */
export interface WantedEntities {
  readonly selection: EntitySelection;
  /** Variables that other parts of the request may have other values for. */
  readonly own: readonly string[];
}

/** Fetches that are ready together and go to one subgraph become one request. */
export function entitiesRequest(wanted: readonly WantedEntities[]): EntitiesRequest {
  const [first, second] = wanted;
  return first && !second ? requestOfOne(first) : requestOfSeveral(wanted);
}

function requestOfOne({ selection, own }: WantedEntities): EntitiesRequest {
  return {
    query: selection.document,
    start: bodyStart(selection.document),
    parts: [{ alias: '_entities', representations: REPRESENTATIONS, own: new Map(own.map((name) => [name, name])) }],
    variables: selection.definitions.map(({ variable }) => variable.name.value).filter((name) => !own.includes(name)),
  };
}

/** Each is a root field `_entities` of its own. */
function requestOfSeveral(wanted: readonly WantedEntities[]): EntitiesRequest {
  const taken = new Set(
    wanted.flatMap(({ selection }) => selection.definitions.map(({ variable }) => variable.name.value)),
  );
  const unused = (name: string): string => {
    let free = name;
    for (let number = 0; taken.has(free); number++) free = `${name}_${number}`;
    taken.add(free);
    return free;
  };
  const definitions = new Map<string, VariableDefinitionNode>();
  const parts: RequestPart[] = [];
  const fields: FieldNode[] = [];

  wanted.forEach(({ selection, own }, number) => {
    const representations = unused(REPRESENTATIONS);
    definitions.set(representations, representationsDefinition(representations));
    const renamed = new Map(own.map((name) => [name, unused(name)]));
    for (const definition of selection.definitions) {
      const name = renamed.get(definition.variable.name.value) ?? definition.variable.name.value;
      definitions.set(name, { ...definition, variable: variable(name) });
    }
    const alias = `_e${number}`;
    fields.push(entitiesField(alias, representations, renameVariables(selection.selectionSet, renamed)));
    parts.push({ alias, representations, own: renamed });
  });

  const ownNames = new Set(parts.flatMap(({ own, representations }) => [...own.values(), representations]));
  const operationName = wanted[0]?.selection.operationName;
  const document = print({
    kind: Kind.OPERATION_DEFINITION,
    operation: OperationTypeNode.QUERY,
    ...(operationName && { name: { kind: Kind.NAME, value: operationName } }),
    variableDefinitions: [...definitions.values()],
    selectionSet: { kind: Kind.SELECTION_SET, selections: fields },
  });
  const query = stripIgnoredCharacters(document);
  return {
    query,
    start: bodyStart(query),
    parts,
    variables: [...definitions.keys()].filter((name) => !ownNames.has(name)),
  };
}

/** A request body up to the values of its variables. */
export const bodyStart = (query: string): string => `{"query":${JSON.stringify(query)},"variables":{`;

function entitiesField(alias: string, representations: string, selectionSet: SelectionSetNode): FieldNode {
  return {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: alias },
    name: { kind: Kind.NAME, value: '_entities' },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: REPRESENTATIONS },
        value: variable(representations),
      },
    ],
    selectionSet,
  };
}

const variable = (name: string) => ({ kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: name } }) as const;

/** `[_Any!]!` */
function representationsDefinition(name: string): VariableDefinitionNode {
  const any: TypeNode = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: '_Any' } };
  const list: TypeNode = { kind: Kind.LIST_TYPE, type: { kind: Kind.NON_NULL_TYPE, type: any } };
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: variable(name),
    type: { kind: Kind.NON_NULL_TYPE, type: list },
  };
}

const renameVariables = (set: SelectionSetNode, names: ReadonlyMap<string, string>): SelectionSetNode =>
  names.size === 0 ? set : visit(set, { Variable: (node) => variable(names.get(node.name.value) ?? node.name.value) });
