export interface Gate {
  open(): void;
  /** Resolves when it has been opened. */
  readonly opened: Promise<void>;
}

/** What a test opens to let others go on, or others open to tell the test where they are. */
export function gate(): Gate {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}
