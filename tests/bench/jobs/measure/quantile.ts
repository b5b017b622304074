/** The value that `part` (0 to 1) of at least one number are not above (nearest rank). */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)]!;
}
