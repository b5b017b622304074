/** The generation a reservation was made for, first or in place of one that expired; null: its key names none. */
export function generationOf(idempotencyKey: string): string | null {
  return /^generation ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?: |$)/.exec(idempotencyKey)?.[1] ?? null;
}
