import { BadUserInput } from '@inevitable/contract';
import type { GatewayExtension } from './gateway-extension.js';
import { proceed, reject } from './gateway-extension.js';

const HEADER = 'x-inevitable-cost';

/**
 * `x-inevitable-cost: show` puts what the operation was estimated to cost, what it cost and what one may cost into
 * `extensions.cost`. Whoever has the answer can count it; so it is shown to everybody.
 */
export const showCost = (limit: number): GatewayExtension => ({
  name: 'show-cost',
  contract: 1,
  onOperation({ header }) {
    const wanted = header(HEADER);
    if (wanted === undefined || wanted === 'show') return proceed;
    return reject(new BadUserInput(`"${HEADER}" takes the value "show".`));
  },
  onAnswer(answer) {
    const { operation } = answer;
    if (operation.header(HEADER) === undefined) return undefined;
    return { extensions: { cost: { estimated: operation.cost, actual: answer.actualCost, limit } } };
  },
});
