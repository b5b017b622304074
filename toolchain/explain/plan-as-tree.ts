import type {
  DeferredNode,
  FetchNode,
  PlanNode,
  PlanSelection,
  QueryPlan,
  SubscriptionNode,
} from '@inevitable/gateway';
import { Kind, parse, print, type SelectionNode, type SelectionSetNode } from 'graphql';

/** A line of the tree, what stands below it as text, and its branches. */
interface Branch {
  readonly title: string;
  readonly body: readonly string[];
  readonly branches: readonly Branch[];
}

/** A plan for people: what is asked of which subgraph, and what waits for what. */
export function planAsTree({ node }: QueryPlan): string {
  if (!node) return 'no subgraph is asked: the gateway answers by itself\n';
  return `${linesOf(branchOf(node)).join('\n')}\n`;
}

function branchOf(node: PlanNode | SubscriptionNode): Branch {
  switch (node.kind) {
    case 'Fetch':
      return fetchBranch(node, null);
    case 'Flatten':
      return node.node.kind === 'Fetch'
        ? fetchBranch(node.node, placeOf(node.path))
        : branch(`at ${placeOf(node.path)}`, [node.node]);
    case 'Sequence':
      return branch('one after the other', node.nodes);
    case 'Parallel':
      return branch('together', node.nodes);
    case 'Condition': {
      const { condition, ifClause, elseClause } = node;
      const branches = [
        ...(ifClause ? [branch(`if $${condition}`, [ifClause])] : []),
        ...(elseClause ? [branch(`if not $${condition}`, [elseClause])] : []),
      ];
      return branches.length === 1 ? branches[0]! : { title: `depending on $${condition}`, body: [], branches };
    }
    case 'Subscription':
      return branch('for each event', [node.primary, ...(node.rest ? [node.rest] : [])]);
    case 'Defer':
      return {
        title: 'in parts',
        body: [],
        branches: [
          ...(node.primary.node ? [branch('first', [node.primary.node])] : []),
          ...node.deferred.map((part: DeferredNode) =>
            branch(`later ${part.label ?? ''}`.trim(), part.node ? [part.node] : []),
          ),
        ],
      };
  }
}

const branch = (title: string, nodes: readonly (PlanNode | SubscriptionNode)[]): Branch => ({
  title,
  body: [],
  branches: nodes.map(branchOf),
});

/** `notes.nodes.createdBy`, lists marked by `[]`. */
const placeOf = (path: readonly (string | number)[]): string =>
  path.reduce<string>(
    (text, step) => (step === '@' ? `${text}[]` : text === '' ? String(step) : `${text}.${step}`),
    '',
  );

function fetchBranch({ serviceName, operation, operationKind, requires }: FetchNode, place: string | null): Branch {
  const { selections } = rootOf(operation);
  if (!requires)
    return {
      title: `${serviceName}: ${operationKind}${place === null ? '' : ` at ${place}`}`,
      body: printed(selections),
      branches: [],
    };
  const entities = selections.flatMap((selection) =>
    selection.kind === Kind.FIELD && selection.name.value === '_entities'
      ? (selection.selectionSet?.selections ?? [])
      : [],
  );
  const keys = requires.map(keyOf).join('; ');
  return {
    title: `${serviceName}: ${keys}${place === null ? '' : ` at ${place}`}`,
    body: entities.flatMap((selection) =>
      selection.kind === Kind.INLINE_FRAGMENT ? printed(selection.selectionSet.selections) : printed([selection]),
    ),
    branches: [],
  };
}

function rootOf(operation: string): SelectionSetNode {
  for (const definition of parse(operation, { noLocation: true }).definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION) return definition.selectionSet;
  throw new Error('A fetch holds no operation.');
}

/** `User by { id }`; without `__typename`, which every representation holds. */
function keyOf(selection: PlanSelection): string {
  if (selection.kind === 'Field') return inWords([selection]);
  return `${selection.typeCondition ?? 'entities'} by ${inWords(selection.selections)}`;
}

const inWords = (selections: readonly PlanSelection[]): string =>
  `{ ${selections.flatMap((selection) => wordOf(selection) ?? []).join(' ')} }`;

function wordOf(selection: PlanSelection): string | null {
  if (selection.kind === 'InlineFragment')
    return `... ${selection.typeCondition === undefined ? '' : `on ${selection.typeCondition} `}${inWords(selection.selections)}`;
  if (selection.name === '__typename') return null;
  return selection.selections ? `${selection.name} ${inWords(selection.selections)}` : selection.name;
}

const printed = (selections: readonly SelectionNode[]): readonly string[] =>
  selections.length === 0 ? [] : print({ kind: Kind.SELECTION_SET, selections }).split('\n');

function linesOf({ title, body, branches }: Branch): readonly string[] {
  const bar = branches.length > 0 ? '│  ' : '   ';
  return [
    title,
    ...body.map((line) => `${bar}${line}`),
    ...branches.flatMap((one, index) => {
      const isLast = index === branches.length - 1;
      const [first, ...others] = linesOf(one);
      return [`${isLast ? '└─ ' : '├─ '}${first}`, ...others.map((line) => `${isLast ? '   ' : '│  '}${line}`)];
    }),
  ].map((line) => line.trimEnd());
}
