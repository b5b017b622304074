import type { SecurityEvent, SecurityEvents } from '@inevitable/contract';
import { Counter, type Registry } from 'prom-client';

interface CounterOf {
  readonly help: string;
  readonly labels: readonly string[];
}

const COUNTERS = {
  stack_sign_ins_total: { help: 'Sign-ins, by outcome.', labels: ['outcome'] },
  stack_second_factor_total: {
    help: 'Codes of second factors that were tried, and changes of factors.',
    labels: ['outcome'],
  },
  stack_refresh_token_replays_total: { help: 'Spent refresh tokens that were presented again.', labels: [] },
  stack_operator_tokens_total: { help: 'Access tokens that an operator got without a password.', labels: [] },
  stack_password_resets_total: { help: 'Passwords that were to be reset, by what came of it.', labels: ['outcome'] },
  stack_api_keys_refused_total: { help: 'API keys that core-identity refused.', labels: [] },
  stack_credentials_refused_total: {
    help: 'Access tokens and API keys that a gateway refused, by reason.',
    labels: ['credential', 'reason'],
  },
  stack_denials_total: { help: 'Operations that a known caller was denied.', labels: ['product', 'code'] },
  stack_operations_refused_total: { help: 'Operations that a gateway refused to run, by code.', labels: ['code'] },
  stack_quota_refusals_total: { help: 'Reservations beyond a quota, by feature.', labels: ['feature'] },
  stack_revocations_stale_total: { help: 'How often a gateway ceased to hear of revocations.', labels: [] },
} as const satisfies Readonly<Record<string, CounterOf>>;

type CounterName = keyof typeof COUNTERS;

interface Counted<Event extends SecurityEvent> {
  readonly counter: CounterName;
  readonly labelsOf: (facts: SecurityEvents[Event]) => Readonly<Record<string, string>>;
}

const by = (counter: CounterName, labels: Readonly<Record<string, string>> = {}): Counted<SecurityEvent> => ({
  counter,
  labelsOf: () => labels,
});

const COUNTED: { readonly [Event in SecurityEvent]: Counted<Event> } = {
  'sign-in granted': by('stack_sign_ins_total', { outcome: 'granted' }),
  'sign-in refused': by('stack_sign_ins_total', { outcome: 'refused' }),
  'sign-in throttled': by('stack_sign_ins_total', { outcome: 'throttled' }),
  'sign-in challenged': by('stack_sign_ins_total', { outcome: 'challenged' }),
  'second factor accepted': by('stack_second_factor_total', { outcome: 'accepted' }),
  'second factor refused': by('stack_second_factor_total', { outcome: 'refused' }),
  'second factor locked': by('stack_second_factor_total', { outcome: 'locked' }),
  'second factor changed': by('stack_second_factor_total', { outcome: 'changed' }),
  'refresh token replayed': by('stack_refresh_token_replays_total'),
  'operator token issued': by('stack_operator_tokens_total'),
  'password reset asked': by('stack_password_resets_total', { outcome: 'asked' }),
  'password reset done': by('stack_password_resets_total', { outcome: 'done' }),
  'password reset refused': by('stack_password_resets_total', { outcome: 'refused' }),
  'API key refused': by('stack_api_keys_refused_total'),
  'credential refused': {
    counter: 'stack_credentials_refused_total',
    labelsOf: ({ credential, reason }) => ({ credential, reason }),
  },
  denied: { counter: 'stack_denials_total', labelsOf: ({ product, code }) => ({ product, code }) },
  'operation refused': { counter: 'stack_operations_refused_total', labelsOf: ({ code }) => ({ code }) },
  'quota refused': { counter: 'stack_quota_refusals_total', labelsOf: ({ feature }) => ({ feature }) },
  'revocations stale': by('stack_revocations_stale_total'),
};

/** Counts one event. */
export type SecurityCounter = <Event extends SecurityEvent>(event: Event, facts: SecurityEvents[Event]) => void;

/** Registers what Prometheus is told of security; every event has a counter. */
export function securityMetrics(registry: Registry): SecurityCounter {
  const counters = new Map(
    Object.entries<CounterOf>(COUNTERS).map(([name, { help, labels }]) => [
      name,
      new Counter({ name, help, labelNames: labels, registers: [registry] }),
    ]),
  );
  return (event, facts) => {
    const { counter, labelsOf } = COUNTED[event];
    counters.get(counter)!.inc({ ...labelsOf(facts) });
  };
}
