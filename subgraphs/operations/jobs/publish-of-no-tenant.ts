import type { EventBus } from '@inevitable/contract';
import type { EventDefinition, EventName } from '@inevitable/kit';

/** What happened in the stack, in no tenant. */
export interface Happened<Payload> {
  /** The same when it is published again. */
  readonly id: string;
  readonly aggregate: string;
  readonly payload: Payload;
  readonly at: Date;
  readonly correlationId: string;
}

/**
 * Straight to the bus: a record of the outbox belongs to a tenant, and this is of none. Whoever publishes keeps what the bus
 * does not have yet, and publishes it later: twice under one id, at worst. Rejects where no bus takes it.
 */
export const publishOfNoTenant = <Payload>(
  bus: Pick<EventBus, 'publish'>,
  { name, payload: shape }: EventDefinition<EventName, Payload>,
  { id, aggregate, payload, at, correlationId }: Happened<Payload>,
): Promise<void> =>
  bus.publish({
    id,
    name,
    tenantId: null,
    aggregate,
    payload: shape.parse(payload),
    occurredAt: at.toISOString(),
    correlationId,
  });
