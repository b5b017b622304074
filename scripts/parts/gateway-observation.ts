import {
  gatewayGauges,
  requestLog,
  requestMetrics,
  traceRequests,
  type GatewayExtension,
  type RunningGateway,
} from '@inevitable/gateway';
import { readinessMetrics } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Observation } from './observation.js';

/** What a gateway tells of its requests, wherever that goes. */
export const gatewayObservation = (
  { requestLog: mode }: Settings,
  { registry, traces }: Observation,
  log: Logger,
): readonly GatewayExtension[] => [
  ...(mode === 'off' ? [] : [requestLog(log, mode)]),
  ...(registry ? [requestMetrics(registry)] : []),
  ...(traces ? [traceRequests(traces.record)] : []),
];

/** From now on Prometheus is told what the gateway can tell of itself at any moment. */
export function measureGateway({ measured, readiness }: RunningGateway, { registry }: Observation): void {
  if (!registry) return;
  gatewayGauges(registry, measured);
  readinessMetrics(registry, readiness);
}
