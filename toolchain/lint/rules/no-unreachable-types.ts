import { Kind } from 'graphql';
import { inWords, isDefinition, namedType, type LintedGraph, type SchemaPart } from '../linted-graph.js';
import type { LintRule } from '../lint-rule.js';

export const noUnreachableTypes: LintRule = {
  name: 'no-unreachable-types',
  says: 'Every type is reached from Query, Mutation or Subscription.',
  reason: 'A type that nobody can ask for is read, documented and kept compatible for nothing.',
  severity: 'warning',
  *find(graph) {
    const reached = reachedTypes(graph);
    for (const part of graph.parts)
      if (part.kind === 'type' && isDefinition(part) && part.root === null && !reached.has(part.typeName))
        yield {
          part,
          message: `${inWords(part)} is reached by no field.`,
          repair: 'Return it somewhere, or leave it out.',
        };
  },
};

function reachedTypes({ parts, subgraphs }: LintedGraph): ReadonlySet<string> {
  const leadsTo = new Map<string, Set<string>>();
  const lead = (from: string, to: string): void => {
    const known = leadsTo.get(from);
    if (known) known.add(to);
    else leadsTo.set(from, new Set([to]));
  };
  for (const part of parts) for (const [from, to] of references(part)) lead(from, to);

  const reached = new Set<string>(['Query', 'Mutation', 'Subscription']);
  for (const { document } of subgraphs)
    for (const definition of document.definitions)
      if (definition.kind === Kind.DIRECTIVE_DEFINITION)
        for (const { type } of definition.arguments ?? []) reached.add(namedType(type));
  // A set is walked through in the order of insertion, and grows meanwhile.
  for (const name of reached) for (const next of leadsTo.get(name) ?? []) reached.add(next);
  return reached;
}

function references(part: SchemaPart): readonly (readonly [from: string, to: string])[] {
  if (part.kind === 'enumValue') return [];
  if (part.kind !== 'type') return [[part.typeName, namedType(part.node.type)]];
  const { node, typeName } = part;
  const members = 'types' in node ? (node.types ?? []).map(({ name }) => [typeName, name.value] as const) : [];
  const interfaces = 'interfaces' in node ? (node.interfaces ?? []) : [];
  return [
    ...members,
    ...interfaces.flatMap(
      ({ name }) =>
        [
          [name.value, typeName],
          [typeName, name.value],
        ] as const,
    ),
  ];
}
