import type { SecurityEvent, SecurityEventSink } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { refusalLimit } from '../audit/refusal-limit.js';
import { securityMetrics } from './security-metrics.js';

/** Written as warnings, which every stack shows; the others are there for whoever asks for `info`. */
const ALARMING: ReadonlySet<SecurityEvent> = new Set([
  'second factor locked',
  'refresh token replayed',
  'operator token issued',
  'revocations stale',
]);

/** What nothing else bounds: whoever is refused in a loop counts, and fills no disk. */
const LIMITED: ReadonlySet<SecurityEvent> = new Set([
  'API key refused',
  'credential refused',
  'denied',
  'operation refused',
  'quota refused',
]);

/**
 * What happened to security is counted and is a line with `security: true` and a stable `event`, beside the audit, for
 * whoever alarms: by one call, so that neither is forgotten. Without `registry` nobody reads counters. Nothing that
 * somebody typed stands in either. `now`: epoch milliseconds.
 */
export function securityEvents(
  log: Logger,
  registry: Registry | null = null,
  now: () => number = Date.now,
): SecurityEventSink {
  const count = registry && securityMetrics(registry);
  const limit = refusalLimit(now);
  return (event, facts, isAlarming = ALARMING.has(event)) => {
    count?.(event, facts);
    const allowed = LIMITED.has(event) ? limit.claim(facts.tenantId ?? null) : { leftOut: 0 };
    if (!allowed) return;
    const { leftOut } = allowed;
    log[isAlarming ? 'warn' : 'info']({ security: true, event, ...facts, ...(leftOut > 0 && { leftOut }) });
  };
}
