import { lookedAtOften, type HealthCheck, type SubgraphHandle } from '@inevitable/contract';

const checks = new WeakMap<SubgraphHandle, HealthCheck>();

/** Whether a subgraph is ready, for everybody who wants to know. */
export function healthOf(subgraph: SubgraphHandle): HealthCheck {
  let check = checks.get(subgraph);
  if (!check) checks.set(subgraph, (check = lookedAtOften(() => subgraph.health())));
  return check;
}
