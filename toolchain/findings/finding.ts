/** `error`: the command ends with exit code 1. `warning` and `hint` are told, and stop nothing. */
export type Severity = 'error' | 'warning' | 'hint';

/** Where in a file. Lines and columns count from 1, in the file as it lies on the disk. */
export interface Place {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One thing that a command found in a schema, an operation or a plan. */
export interface Finding {
  /** A composer's code (`INVALID_FIELD_SHARING`), a change's (`FIELD_REMOVED`) or a rule's name (`require-description`). */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, in whole sentences. */
  readonly message: string;
  readonly subgraph?: string;
  readonly place?: Place;
  /** Further places it speaks of: the other subgraph that disagrees. */
  readonly alsoAt?: readonly Place[];
  /** What to do about it, in whole sentences. */
  readonly repair?: string;
  /** More lines for people: the clients that would break. */
  readonly details?: readonly string[];
}
