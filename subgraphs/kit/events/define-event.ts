import type { z } from 'zod';

/** `<product>.<aggregate>.<what happened>.v<n>`, for example `starter.note.changed.v1`. */
export type EventName = `${string}.${string}.${string}.v${number}`;

/** A fact that products tell each other and their subscribers. What it says never changes: what differs is a new version. */
export interface EventDefinition<Name extends EventName = EventName, Payload = unknown> {
  readonly name: Name;
  readonly description?: string;
  /** Checked when published, and again when heard: whoever published may run another version of the code. */
  readonly payload: z.ZodType<Payload>;
}

/** The name says not what every event's name says, or names another product. The start is refused. */
export class BadEventName extends Error {}

const WORD = '[a-z][a-z0-9_-]*';
const NAME = new RegExp(`^${WORD}\\.${WORD}\\.${WORD}\\.v[1-9][0-9]*$`);
/** What the outbox's column takes. */
const LONGEST_NAME = 255;

/** Throws `BadEventName`. */
export function defineEvent<Name extends EventName, Payload>(
  definition: EventDefinition<Name, Payload>,
): EventDefinition<Name, Payload> {
  const { name } = definition;
  if (!NAME.test(name) || name.length > LONGEST_NAME) {
    throw new BadEventName(
      `"${name}" is no name of an event: write <product>.<aggregate>.<what happened>.v<n>, for example starter.note.changed.v1.`,
    );
  }
  return Object.freeze(definition);
}

/** The product an event is of: the first word of its name. */
export const productOf = (name: string): string => name.slice(0, name.indexOf('.'));
