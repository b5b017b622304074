/** One way to subscribe many times. */
export interface Scenario {
  /** `each`: every subscription is another user's, in another tenant. */
  readonly callers: 'one' | 'each';
  readonly query: string;
}

/** The events' own subgraph has all of it. */
const PLAIN = 'subscription { tick { id number } }';
/** `label` is fetched from a second subgraph for every event. */
const JOINED = 'subscription { tick { id number label } }';

export const SCENARIOS = {
  'one-caller': { callers: 'one', query: PLAIN },
  'each-caller': { callers: 'each', query: PLAIN },
  'one-caller-joined': { callers: 'one', query: JOINED },
  'each-caller-joined': { callers: 'each', query: JOINED },
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];
