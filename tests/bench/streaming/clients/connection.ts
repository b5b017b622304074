/** One connection to the gateway, and what it carries. */
export interface ConnectionWanted {
  readonly transport: 'WebSocket' | 'event stream';
  /** One, over an event stream. */
  readonly subscriptions: number;
  readonly token: string;
  /** The address of this machine that it comes from: one has about 28,000 ports. */
  readonly from: string;
}

/** What it is told: the number of each event, and once why it ended before it was closed. */
export interface ConnectionListener {
  heard(event: number): void;
  broke(why: string): void;
}

export interface OpenConnection {
  close(): void;
}

/** Reading one number costs clients less than a parser: they share the machine with what is measured. */
const NUMBER = /"number":(\d+)/;

/** The event a payload is of; null: of none. */
export function eventIn(payload: string): number | null {
  const number = NUMBER.exec(payload)?.[1];
  return number === undefined ? null : Number(number);
}
