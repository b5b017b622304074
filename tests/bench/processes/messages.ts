/** What goes over the channel between the benchmark and a process it started. */
export interface ToChild {
  readonly id: number;
  readonly order: unknown;
}

export type FromChild =
  | { readonly kind: 'ready'; readonly ready: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string };
