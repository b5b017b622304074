/**
 * What waiting needs of an `AbortSignal`, which is one. The gateway's own requests have something smaller
 * (`RequestEnd`): a whole signal takes 5 µs to make, and hardly one ever aborts.
 */
export interface EndSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: EndListener): void;
  removeEventListener(type: 'abort', listener: EndListener): void;
}

export interface EndListener {
  handleEvent(): void;
}
