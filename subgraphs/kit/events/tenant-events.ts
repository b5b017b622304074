import { OperatorError, Unauthenticated, type EventBus, type StackEvent, type TenantId } from '@inevitable/contract';
import type { Logger } from 'pino';
import { productOf, type EventDefinition } from './define-event.js';
import { EventStream } from './event-stream.js';
import { HeardEvent, type EventOf, type EventsMissed } from './heard-event.js';

export interface SubscribeOptions<Event> {
  /** Which of the tenant's events; all of them unless told. What it throws ends the stream. */
  readonly filter?: (event: Event) => boolean;
}

/** The events of the caller's tenant, for `subscribe` of a Subscription field. */
export interface TenantEvents {
  /**
   * Listens from now on, or from the event the client saw last. Ends with `return()`, or with `context.signal`. Return it
   * as it is: a generator around it would begin to listen only when it is first read.
   * Throws `Unauthenticated` where the caller has no tenant, and `NoEventBus`.
   */
  subscribe<Definition extends EventDefinition>(
    definitions: Definition | readonly Definition[],
    options?: SubscribeOptions<EventOf<Definition>>,
  ): AsyncIterableIterator<EventOf<Definition> | EventsMissed, undefined>;
}

/** Events are to be heard in a process that none reach. */
export class NoEventBus extends OperatorError {
  readonly code = 'INTERNAL';
  constructor() {
    super(
      'A subscription was refused: no events reach this process. Where parts run apart, set NATS_URL for all of them.',
    );
  }
}

export interface Hearer {
  readonly tenantId: TenantId | null;
  /** Ends what was opened for this caller. */
  readonly signal: AbortSignal;
  /** The event the client saw last. */
  readonly lastEventId: string | undefined;
  readonly bus: EventBus | null;
  readonly log: Logger;
}

/** Opens a stream of events that holds nothing of any other tenant. */
export function subscribeTenant<Definition extends EventDefinition>(
  definitions: readonly Definition[],
  filter: ((event: EventOf<Definition>) => boolean) | undefined,
  { tenantId, signal, lastEventId, bus, log }: Hearer,
): EventStream<EventOf<Definition>> {
  if (tenantId === null) throw new Unauthenticated();
  if (!bus) throw new NoEventBus();

  const endings: (() => void)[] = [];
  const stop = (): void => void stream.return();
  const stopListening = (): void => {
    for (const end of endings.splice(0)) end();
    signal.removeEventListener('abort', stop);
  };
  const stream = new EventStream<EventOf<Definition>>(stopListening);

  const byName = new Map<string, EventDefinition>(definitions.map((definition) => [definition.name, definition]));
  const hear = (event: StackEvent): void => {
    if (event.tenantId !== tenantId) return;
    const definition = byName.get(event.name);
    if (!definition) return;
    const payload = definition.payload.safeParse(event.payload);
    if (!payload.success) {
      log.error({ event: event.name, id: event.id, err: payload.error }, 'an event does not fit its definition');
      stream.missed();
      return;
    }
    const heard = new HeardEvent(
      event.id,
      definition.name,
      event.aggregate,
      payload.data,
      new Date(event.occurredAt),
    ) as EventOf<Definition>;
    try {
      if (filter?.(heard) ?? true) stream.push(heard);
    } catch (error) {
      stream.fail(error);
    }
  };

  const options = { ...(lastEventId !== undefined && { after: lastEventId }), onGap: () => stream.missed() };
  for (const name of namesToHear(definitions)) endings.push(bus.subscribe(name, hear, options));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  if (stream.isOver) stopListening(); // it failed over an event of the past, before it had anything to end
  return stream;
}

/** Several events of one product are heard through their common prefix, so that they keep their order. */
function namesToHear(definitions: readonly EventDefinition[]): readonly string[] {
  const names = new Map<string, string>();
  for (const { name } of definitions) {
    const product = productOf(name);
    const known = names.get(product);
    names.set(product, known === undefined || known === name ? name : `${product}.`);
  }
  return [...names.values()];
}
