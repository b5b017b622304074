import { applied, inWords, keysOf, type FieldPart, type LintedGraph } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const noCopiedEntity: LintRule = {
  name: 'no-copied-entity',
  says: "Another product's entity is extended by its key and new fields; what is not its key stands in one subgraph.",
  reason: 'Two products that answer for one field disagree sooner or later, and nobody knows whose answer was served.',
  severity: 'error',
  *find(graph) {
    const told = new Set<string>();
    for (const part of graph.parts) {
      if (part.kind !== 'field' || told.has(part.coordinate) || !isKeyed(graph, part.typeName)) continue;
      told.add(part.coordinate);
      const [first, ...copies] = graph
        .at(part.coordinate)
        .filter((one): one is FieldPart => one.kind === 'field' && isAnswered(graph, one));
      if (!first || copies.length === 0) continue;
      const [copy] = copies;
      yield {
        part: copy!,
        message: `${inWords(copy!)} is answered by the subgraphs ${[first, ...copies].map(({ subgraph }) => `"${subgraph.name}"`).join(', ')}: the entity is copied.`,
        repair: `Leave it out, or mark it \`@external\` where it is only required; if "${first.subgraph.name}" is to give it up, \`@override\` it.`,
        alsoAt: [first, ...copies.slice(1)],
      };
    }
  },
};

const isKeyed = (graph: LintedGraph, typeName: string): boolean =>
  graph.at(typeName).some((part) => part.kind === 'type' && applied(part, 'key').length > 0);

/** Not where it is part of a key, or only named, or being moved. */
function isAnswered(graph: LintedGraph, field: FieldPart): boolean {
  const isKeyField = graph
    .at(field.typeName)
    .some((part) => part.kind === 'type' && keysOf(part).some((key) => key.includes(field.node.name.value)));
  return !isKeyField && applied(field, 'external').length === 0 && applied(field, 'override').length === 0;
}
