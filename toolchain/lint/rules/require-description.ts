import { inWords, isDefinition, applied, type LintedGraph, type SchemaPart } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const requireDescription: LintRule = {
  name: 'require-description',
  says: 'Every type, field, argument, enum value and input field has a description.',
  reason:
    'Whoever asks knows the schema alone: a name says what a thing is called, not its unit, its limits or when it is null.',
  severity: 'error',
  *find(graph) {
    for (const part of graph.parts)
      if (canBeDescribed(part) && !isDescribed(graph, part))
        yield {
          part,
          message: `${inWords(part)} has no description.`,
          repair: 'Write a line in quotes above it: what it is, its unit or its limits, and when it is null.',
        };
  },
};

function canBeDescribed(part: SchemaPart): boolean {
  if (part.kind === 'type') return isDefinition(part) && part.root === null;
  const field = part.kind === 'argument' ? part.field : part;
  return applied(field, 'external').length === 0;
}

/** Clients see one description: that of another subgraph will do. */
const isDescribed = (graph: LintedGraph, { coordinate }: SchemaPart): boolean =>
  graph.at(coordinate).some(({ node }) => 'description' in node && node.description?.value.trim());
