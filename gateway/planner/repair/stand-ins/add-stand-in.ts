import {
  Kind,
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type EnumValueDefinitionNode,
  type FieldDefinitionNode,
} from 'graphql';
import { isJoinField, nameIn } from '../../../supergraph/join-directives.js';
import type { JoinGraph } from '../../../supergraph/join-graph.js';
import { hasFields, type FieldsDefinition } from '../supergraph-types.js';
import type { ChainedLink } from './chained-links.js';
import type { StandInContents } from './stand-in-contents.js';

/** The supergraph with one subgraph more, which the link is moved to, and which has these contents of the link's own. */
export function addStandIn(
  supergraph: DocumentNode,
  standIn: JoinGraph,
  { graph, fieldName, typeNames }: ChainedLink,
  contents: StandInContents,
): DocumentNode {
  /** What is said of the subgraph is said of the stand-in too. */
  const forBoth = (directives: readonly ConstDirectiveNode[] = []): readonly ConstDirectiveNode[] =>
    directives.flatMap((directive) =>
      isAbout(graph, directive) ? [directive, about(standIn.graph, directive)] : [directive],
    );
  const forStandIn = (directives: readonly ConstDirectiveNode[] = []): readonly ConstDirectiveNode[] =>
    directives.map((directive) => (isAbout(graph, directive) ? about(standIn.graph, directive) : directive));

  function withFields(definition: FieldsDefinition): FieldsDefinition {
    const type = definition.name.value;
    const has = contents.get(type) ?? NOTHING;
    if (has.size === 0) return definition;
    const graphs = graphsOf(definition);
    const isUnknownInterface = (directive: ConstDirectiveNode): boolean =>
      directive.name.value === 'join__implements' &&
      nameIn(directive, 'graph') === standIn.graph &&
      !contents.get(nameIn(directive, 'interface'))?.size;
    return {
      ...definition,
      directives: forBoth(definition.directives).filter((directive) => !isUnknownInterface(directive)),
      fields: (definition.fields ?? []).map((field) => {
        const name = field.name.value;
        if (name === fieldName && typeNames.has(type)) return { ...field, directives: forStandIn(field.directives) };
        return has.has(name) ? { ...field, directives: forBoth(field.directives) } : onlyOf(graphs, field);
      }),
    };
  }

  function withStandIn(definition: DefinitionNode): DefinitionNode {
    if (hasFields(definition))
      return definition.name.value === 'Query' ? withoutRoot(definition, standIn) : withFields(definition);
    if (definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph')
      return { ...definition, values: [...(definition.values ?? []), graphValue(standIn)] };
    if (!('name' in definition) || !definition.name || !contents.has(definition.name.value)) return definition;
    switch (definition.kind) {
      case Kind.ENUM_TYPE_DEFINITION: {
        const values = (definition.values ?? []).map((value) => ({ ...value, directives: forBoth(value.directives) }));
        return { ...definition, directives: forBoth(definition.directives), values };
      }
      case Kind.INPUT_OBJECT_TYPE_DEFINITION: {
        const fields = (definition.fields ?? []).map((field) => ({ ...field, directives: forBoth(field.directives) }));
        return { ...definition, directives: forBoth(definition.directives), fields };
      }
      case Kind.UNION_TYPE_DEFINITION:
      case Kind.SCALAR_TYPE_DEFINITION:
        return { ...definition, directives: forBoth(definition.directives) };
      default:
        return definition;
    }
  }
  return { ...supergraph, definitions: supergraph.definitions.map(withStandIn) };
}

const NOTHING: ReadonlySet<string> = new Set();

/** Every subgraph has the type, for its entities; nothing of it is asked of a stand-in. */
function withoutRoot(query: FieldsDefinition, { graph }: JoinGraph): FieldsDefinition {
  const graphs = graphsOf(query);
  return {
    ...query,
    directives: [...(query.directives ?? []), join('join__type', graph)],
    fields: (query.fields ?? []).map((field) => onlyOf(graphs, field)),
  };
}

/** A field of which no subgraph is named would be the stand-in's as well. */
const onlyOf = (graphs: readonly string[], field: FieldDefinitionNode): FieldDefinitionNode =>
  field.directives?.some(isJoinField)
    ? field
    : { ...field, directives: [...(field.directives ?? []), ...graphs.map((graph) => join('join__field', graph))] };

const graphsOf = ({ directives = [] }: FieldsDefinition): readonly string[] => [
  ...new Set(
    directives.flatMap((directive) => (directive.name.value === 'join__type' ? [nameIn(directive, 'graph')] : [])),
  ),
];

const isAbout = (graph: string, directive: ConstDirectiveNode): boolean =>
  directive.name.value.startsWith('join__') && nameIn(directive, 'graph') === graph;

const about = (graph: string, directive: ConstDirectiveNode): ConstDirectiveNode => ({
  ...directive,
  arguments: (directive.arguments ?? []).map((argument) =>
    argument.name.value === 'graph' ? { ...argument, value: { kind: Kind.ENUM, value: graph } } : argument,
  ),
});

const join = (name: 'join__type' | 'join__field', graph: string): ConstDirectiveNode => ({
  kind: Kind.DIRECTIVE,
  name: { kind: Kind.NAME, value: name },
  arguments: [
    { kind: Kind.ARGUMENT, name: { kind: Kind.NAME, value: 'graph' }, value: { kind: Kind.ENUM, value: graph } },
  ],
});

const graphValue = ({ graph, name, url }: JoinGraph): EnumValueDefinitionNode => ({
  kind: Kind.ENUM_VALUE_DEFINITION,
  name: { kind: Kind.NAME, value: graph },
  directives: [
    {
      kind: Kind.DIRECTIVE,
      name: { kind: Kind.NAME, value: 'join__graph' },
      arguments: Object.entries({ name, url }).map(([argument, value]) => ({
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: argument },
        value: { kind: Kind.STRING, value },
      })),
    },
  ],
});
