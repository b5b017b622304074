import { counted } from '../findings/counted.js';
import { withoutControls } from '../findings/telling.js';
import type { Explanation } from './explain-operation.js';
import { planAsTree } from './plan-as-tree.js';
import { requirementInWords } from './requirement-in-words.js';

/** An explanation for people. `heading` marks the beginning of a part, by a colour for example. */
export function explanationAsText(
  { operation, plan, size, cost, requirements, overrideLabels }: Explanation,
  heading: (text: string) => string = (text) => text,
): string {
  const name = operation.name === null ? '' : ` ${operation.name}`;
  const parts = cost.parts.length > 1 || operation.kind === 'mutation' ? cost.parts : [];
  return [
    heading(`Plan of the ${operation.kind}${name}: ${counted(size.fetches, 'subgraph request')}, depth ${size.depth}`),
    withoutControls(planAsTree(plan)),
    heading(`Cost: ${number(cost.total)}`),
    ...(operation.kind === 'mutation' ? ['  10  for a mutation'] : []),
    ...parts.map((part) => `  ${number(part.cost)}  ${part.name}`),
    ...cost.assumed.map(
      (field) =>
        `  ${field}: ${cost.assumedListSize} items are assumed; @listSize or an argument \`first\` would say how many`,
    ),
    '',
    heading('Needed of the caller'),
    ...(requirements.length === 0
      ? ['  nothing that the schema says; resolvers ask for permissions themselves']
      : requirements.map(({ field, requires }) =>
          withoutControls(`  ${field}: ${requires.map(requirementInWords).join('; ')}`),
        )),
    ...(overrideLabels.length === 0
      ? []
      : ['', `Progressive overrides (${overrideLabels.join(', ')}) are taken as not begun.`]),
    '',
  ].join('\n');
}

const number = (value: number): string => value.toLocaleString('en');
