import { print } from 'graphql';
import {
  inWords,
  isDefinition,
  isList,
  isNonNull,
  namedType,
  type FieldPart,
  type LintedGraph,
} from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';
import { fieldNamed } from './relay-connections.js';

export const relayConnectionTypes: LintRule = {
  name: 'relay-connection-types',
  says: 'A type `…Connection` has lists `nodes` and `edges` and `pageInfo: PageInfo!`; its edges have `node` and `cursor: String!`.',
  reason: 'Clients page through every list with the same code (Relay Cursor Connections).',
  severity: 'error',
  *find(graph) {
    for (const part of graph.parts) {
      if (part.kind !== 'type' || !isDefinition(part) || !part.typeName.endsWith('Connection')) continue;
      const lacks = 'fields' in part.type ? lacksOf(graph, part.typeName) : ['its fields: it is no object type'];
      if (lacks.length === 0) continue;
      yield {
        part,
        message: `${inWords(part)} is called like a Relay connection and lacks ${lacks.join(', ')}.`,
        repair: 'Give it the shape of a connection, or another name.',
      };
    }
  },
};

function lacksOf(graph: LintedGraph, connection: string): readonly string[] {
  const [nodes, edges, pageInfo] = ['nodes', 'edges', 'pageInfo'].map((name) => fieldNamed(graph, connection, name));
  const lacks: string[] = [];
  if (!nodes || !isList(nodes.node.type)) lacks.push('a list `nodes`');
  if (!edges || !isList(edges.node.type)) lacks.push('a list `edges`');
  else {
    const edge = namedType(edges.node.type);
    if (!fieldNamed(graph, edge, 'node')) lacks.push(`\`${edge}.node\``);
    const cursor = fieldNamed(graph, edge, 'cursor');
    if (!isText(cursor)) lacks.push(`\`${edge}.cursor: String!\``);
  }
  if (!pageInfo || print(pageInfo.node.type) !== 'PageInfo!') lacks.push('`pageInfo: PageInfo!`');
  return lacks;
}

const isText = (field: FieldPart | undefined): boolean =>
  field !== undefined && isNonNull(field.node.type) && namedType(field.node.type) === 'String';
