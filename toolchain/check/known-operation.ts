import type { Place } from '../findings/finding.js';

/** Who sent an operation, as the gateway recorded them. */
export interface OperationClient {
  readonly name: string | null;
  readonly version: string | null;
  /** The plan of the tenants for whom it was sent; null: of none. */
  readonly plan: string | null;
  /** How often, in the days that were looked at. */
  readonly count: number;
}

/** An operation that somebody is known to send: a gateway recorded it, or it stands in a file. */
export interface KnownOperation {
  readonly name: string | null;
  /** One operation with the fragments it uses. Of a recorded one, strings and numbers are blanked out. */
  readonly document: string;
  /** Coordinates that came in variables (`CreateNoteInput.text`, `NoteOrder.NEWEST`); null: unknown, any may come. */
  readonly inputs: readonly string[] | null;
  readonly count: number;
  /** Null for an operation of a file. */
  readonly lastSeen: Date | null;
  /** Most frequent first; empty for an operation of a file. */
  readonly clients: readonly OperationClient[];
  /** SHA-256 of a recorded operation; null for one of a file. */
  readonly signature: string | null;
  /** Where it stands in a file; null for a recorded one. */
  readonly place: Place | null;
}
