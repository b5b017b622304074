import { IDENTITIES } from '../measure/bench-bed.js';
import type { Options } from '../options.js';

/** Twice as many as there can be connections: no two requests in flight are equal. */
const SEEDS = 64;

/** One way to send the same operation. */
export interface Scenario {
  /** Its name in the JSON. */
  readonly key: 'results' | 'manyTenants' | 'withoutToken' | 'tenThousandIdentities' | 'identicalRequests';
  readonly title: string;
  /** Said of each gateway where the scenario's rows stand below those of the main one; null: a table of its own. */
  readonly besideMain: string | null;
  readonly seeds: number;
  readonly tokens: number;
}

/** The figures that count: no sharing of equal requests can help, and the caller is authenticated. */
export const MAIN: Scenario = {
  key: 'results',
  title: 'different requests, one token',
  besideMain: null,
  seeds: SEEDS,
  tokens: 1,
};

/** In whose name requests come where the cost of protection and observation is measured. */
export const OVERHEAD_TENANTS = 200;

/** What is protected is protected by tenant: this is where its cost shows. Each token is of a tenant of its own. */
const MANY_TENANTS: Scenario = {
  key: 'manyTenants',
  title: `different requests, ${OVERHEAD_TENANTS} tenants`,
  besideMain: `${OVERHEAD_TENANTS} tenants`,
  seeds: SEEDS,
  tokens: OVERHEAD_TENANTS,
};

export const SCENARIOS: readonly Scenario[] = [
  MAIN,
  MANY_TENANTS,
  {
    key: 'tenThousandIdentities',
    title: 'different requests, 10,000 identities',
    besideMain: '10,000 identities',
    seeds: SEEDS,
    tokens: IDENTITIES,
  },
  { key: 'withoutToken', title: 'different requests, without a token', besideMain: null, seeds: SEEDS, tokens: 0 },
  { key: 'identicalRequests', title: 'identical requests, one token', besideMain: null, seeds: 1, tokens: 1 },
];

export const scenariosOf = ({ quick, gateways }: Options): readonly Scenario[] =>
  SCENARIOS.filter((scenario) => {
    if (scenario === MANY_TENANTS) return gateways.includes('ours-bare');
    return scenario === MAIN || !quick;
  });
