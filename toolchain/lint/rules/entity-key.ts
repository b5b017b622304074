import { Kind, print } from 'graphql';
import { inWords, isDefinition, keysOf, type LintedGraph, type TypePart } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const entityKey: LintRule = {
  name: 'entity-key',
  says: 'An entity has `@key(fields: "id")`, and an object type with `id: ID!` is an entity.',
  reason: 'Other products extend an entity by its id; without the key they would copy it, or ask for it apart.',
  severity: 'error',
  *find(graph) {
    const told = new Set<string>();
    for (const part of graph.parts) {
      if (part.kind !== 'type' || told.has(part.typeName)) continue;
      const keys = keysInGraph(graph, part.typeName);
      if (keys.some((fields) => fields.join() === 'id')) continue;
      if (keys.length > 0) {
        told.add(part.typeName);
        yield {
          part,
          message: `${inWords(part)} is an entity and has no \`@key(fields: "id")\`.`,
          repair: 'Give it an `id: ID!` and that key; others may stand beside it.',
        };
      } else if (isObjectWithId(graph, part)) {
        told.add(part.typeName);
        yield {
          part,
          message: `${inWords(part)} has an id and no key: no other product can extend it.`,
          repair:
            'Write `@key(fields: "id")` behind its name and give it a `__resolveReference`, or call the id something else.',
        };
      }
    }
  },
};

const keysInGraph = (graph: LintedGraph, typeName: string): readonly (readonly string[])[] =>
  graph.at(typeName).flatMap((part) => (part.kind === 'type' ? keysOf(part) : []));

const isObjectWithId = (graph: LintedGraph, part: TypePart): boolean =>
  part.node.kind === Kind.OBJECT_TYPE_DEFINITION &&
  part.root === null &&
  isDefinition(part) &&
  graph.fieldsOf(part.typeName).some(({ node }) => node.name.value === 'id' && print(node.type) === 'ID!');
