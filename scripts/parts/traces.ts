import type { RecordSpan, SamplesTrace } from '@inevitable/gateway';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';

/** Where the spans of a process go. What has none of its own to tell finds it by OpenTelemetry's API. */
export interface Traces {
  readonly samples: SamplesTrace;
  readonly record: RecordSpan;
}

/**
 * Null where no collector is configured: nothing of an OpenTelemetry SDK is loaded then, and no span is made. `service`: its
 * name for whoever looks at spans. What is recorded is sent before the process ends, as far as that can be done soon.
 */
export async function openTraces(
  settings: Settings,
  service: string,
  closers: Closers,
  log: Logger,
): Promise<Traces | null> {
  if (!settings.traces) return null;
  const { otlpTraces } = await import('./otlp-traces.js');
  const traces = await otlpTraces(settings.traces, { ...settings, service }, log);
  closers.add('traces', () => traces.close());
  return traces;
}
