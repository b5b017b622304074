import { composeSupergraph, type SubgraphSource } from '@inevitable/gateway';
import { STACK_PARTS } from './stack-products.js';

/** Why a product does not compose: with core-identity and operations alone, and with everything there is. */
export function judgeComposition(product: string, sources: readonly SubgraphSource[]): string[] {
  const alone = sources.filter(({ name }) => name === product || STACK_PARTS.includes(name));
  return [...judge('alone', alone), ...judge('with every other product', sources)];
}

function judge(how: string, sources: readonly SubgraphSource[]): string[] {
  const outcome = composeSupergraph(sources);
  if (outcome.kind === 'composed') return [];
  return outcome.errors.map(({ code, message }) => `It does not compose ${how}: ${code} ${message}`);
}
