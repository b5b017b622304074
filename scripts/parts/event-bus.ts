import type { EventBus, HealthCheck } from '@inevitable/contract';
import { inProcessBus, natsBus, NatsUnavailable } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';

/** NATS_URL is set, and NATS cannot be used; the message says why. */
export class EventBusUnavailable extends Error {}

export interface OpenedEventBus {
  readonly bus: EventBus;
  /** Its part of `/health`; nothing where events stay in this process. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

/** The bus that other processes share, or null where NATS_URL is not set. Throws `EventBusUnavailable`. */
export async function openSharedEventBus(
  { natsUrl }: Settings,
  closers: Closers,
  log: Logger,
): Promise<OpenedEventBus | null> {
  if (natsUrl === undefined) return null;
  try {
    const bus = await natsBus(natsUrl, { log });
    closers.add('events', () => bus.close());
    return { bus, checks: { events: () => bus.health() } };
  } catch (error) {
    if (!(error instanceof NatsUnavailable)) throw error;
    throw new EventBusUnavailable(`NATS_URL is set, and ${error.message}. Start it, correct NATS_URL, or unset it.`);
  }
}

/** NATS where NATS_URL is set, else events within this process. Throws `EventBusUnavailable`. */
export async function openEventBus(settings: Settings, closers: Closers, log: Logger): Promise<OpenedEventBus> {
  const shared = await openSharedEventBus(settings, closers, log);
  if (shared) return shared;
  const bus = inProcessBus((error, { name }) => log.error({ err: error, event: name }, 'an event listener failed'));
  return { bus, checks: {} };
}
