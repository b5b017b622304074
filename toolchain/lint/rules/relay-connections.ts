import { inWords, isEntity, isList, namedType, type FieldPart, type LintedGraph } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const relayConnections: LintRule = {
  name: 'relay-connections',
  says: 'A list of entities is a Relay connection. Lists of scalars, enums and of objects without an id may be plain.',
  reason:
    'Entities grow with the data: a plain list answers all of them at once, and cannot become a page without breaking clients.',
  severity: 'error',
  *find(graph) {
    for (const part of graph.parts) {
      if (part.kind !== 'field' || !isList(part.node.type) || isPage(part)) continue;
      const listed = namedType(part.node.type);
      const entity = [...graph.possibleTypes(listed)].find((name) => isEntity(graph, name));
      if (entity === undefined) continue;
      yield {
        part,
        message: `${inWords(part)} is a plain list of ${entity === listed ? '' : `\`${listed}\`, which may be `}the entity \`${entity}\`.`,
        repair: `Return \`${listed}Connection\` and take \`first: Int\` and \`after: String\`.`,
      };
    }
  },
};

const isPage = ({ typeName, node }: FieldPart): boolean =>
  typeName.endsWith('Connection') && ['nodes', 'edges'].includes(node.name.value);

/** Whether a field returns a connection: the convention is in its type's name. */
export const returnsConnection = ({ node }: FieldPart): boolean =>
  !isList(node.type) && namedType(node.type).endsWith('Connection');

/** The field of a type, as the first subgraph writes it. */
export const fieldNamed = (graph: LintedGraph, typeName: string, name: string): FieldPart | undefined =>
  graph.fieldsOf(typeName).find(({ node }) => node.name.value === name);
