import type { Logger } from './flow-deps.js';

/** What alarms are set on; the names stay. */
export type SecurityEvent =
  | 'sign-in granted'
  | 'sign-in refused'
  | 'sign-in throttled'
  | 'sign-in challenged'
  | 'second factor refused'
  | 'second factor locked'
  | 'second factor changed'
  | 'refresh token replayed'
  | 'operator token issued';

/** Written as warnings, which every stack shows; the others are there for whoever asks for `info`. */
const ALARMING: ReadonlySet<SecurityEvent> = new Set([
  'second factor locked',
  'refresh token replayed',
  'operator token issued',
]);

/**
 * A structured line with `security: true` and a stable `event`, beside the audit, for whoever counts and alarms. Nothing
 * that somebody typed stands in it.
 */
export function logSecurityEvent(
  log: Logger,
  event: SecurityEvent,
  facts: Readonly<Record<string, unknown>>,
  isAlarming = ALARMING.has(event),
): void {
  log[isAlarming ? 'warn' : 'info']({ security: true, event, ...facts });
}
