import { BadUserInput, Forbidden, type DeploymentContext, type RequestContext } from '@inevitable/contract';
import type { GatewayExtension } from './gateway-extension.js';
import { observe, proceed, reject } from './gateway-extension.js';

const HEADER = 'x-inevitable-explain';

/**
 * `x-inevitable-explain: plan` puts the query plan and what became of its fetches into `extensions.explain`. A plan shows
 * which subgraphs there are and what they hold: it is for platform administrators, and on an internal deployment for
 * whoever is signed in. `open`: a gateway without authentication shows it to all.
 */
export const explainPlan = (deployment: DeploymentContext, open: boolean): GatewayExtension => ({
  name: 'explain-plan',
  contract: 1,
  onOperation({ header, context }) {
    const wanted = header(HEADER);
    if (wanted === undefined) return proceed;
    if (wanted !== 'plan') return reject(new BadUserInput(`"${HEADER}" takes the value "plan".`));
    if (!open && !mayExplain(context, deployment))
      return reject(new Forbidden('Only a platform administrator may have an operation explained here.'));
    return observe;
  },
  onAnswer({ operation, plan, fetches, durationMs, passedThrough }) {
    if (operation.header(HEADER) === undefined) return undefined;
    return { extensions: { explain: { plan, fetches, durationMs, passedThrough } } };
  },
});

function mayExplain({ caller }: RequestContext, deployment: DeploymentContext): boolean {
  if (caller.kind === 'platformAdmin') return true;
  return deployment === 'internal' && caller.kind !== 'anonymous';
}
