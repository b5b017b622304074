/** Which client sent an operation, as it says itself; null: it did not say. */
export interface ClientSeen {
  readonly name: string | null;
  readonly version: string | null;
}

/**
 * How often one operation was sent within an hour, by one client, from tenants of one plan. Nothing in it says which tenant
 * or user asked, or with what values.
 */
export interface OperationUsage {
  /** SHA-256 of `document`, hexadecimal. */
  readonly signature: string;
  readonly operationName: string | null;
  /** One operation with the fragments it uses, printed; strings and numbers in it are blanked out. */
  readonly document: string;
  /** Schema coordinates that came in variables: `CreateNoteInput.text`, `NoteOrder.NEWEST`. Sorted. */
  readonly inputs: readonly string[];
  readonly client: ClientSeen;
  /** The tenant's plan, or null for callers of no tenant. */
  readonly plan: string | null;
  /** The beginning of the hour (UTC), epoch milliseconds. */
  readonly hour: number;
  readonly count: number;
  /** How many of them were answered with an error. */
  readonly errors: number;
  /** All of them together. */
  readonly totalMs: number;
}

/** Where a gateway leaves what it counted. */
export interface UsagePort {
  /**
   * Counts are added to what is there. `leftOut`: others were sent of which nothing is known, for want of room. Rejects when
   * nothing of the batch was kept.
   */
  record(batch: readonly OperationUsage[], leftOut?: boolean): Promise<void>;
}

/** An operation of the last days, with everybody who sent it. */
export interface RecordedOperation {
  readonly signature: string;
  readonly operationName: string | null;
  readonly document: string;
  readonly inputs: readonly string[];
  readonly count: number;
  readonly lastSeen: Date;
  /** Most frequent first, at most 100. */
  readonly clients: readonly {
    readonly name: string | null;
    readonly version: string | null;
    readonly plan: string | null;
    readonly count: number;
  }[];
}

/** What gateways recorded, for those who judge a change of the schema by its use. */
export interface RecordedUsage {
  /** Operations seen in the last `days`, a page of at most `first` after signature `after`, by signature. */
  operations(page: {
    readonly days: number;
    readonly first: number;
    readonly after: string | null;
  }): Promise<readonly RecordedOperation[]>;
  /** When the first operation was recorded that is still known, or null: nothing was. */
  since(): Promise<Date | null>;
  /**
   * When an operation was last sent of which nothing is known for want of room, or null: there is none. Whoever looks back
   * beyond it does not know everybody's use.
   */
  leftOut(): Promise<Date | null>;
}
