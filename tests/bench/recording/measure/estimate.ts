import { median } from '../../measure/median.js';

/** A number, and the bounds that hold it with a certainty of 95 %. */
export interface Estimate {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/** Standard deviations to each side of its mean within which a normal distribution has 95 %. */
const Z = 1.96;

/** The median of at least two numbers, between the bounds that a sign test does not reject. */
export function medianEstimate(numbers: readonly number[]): Estimate {
  const sorted = [...numbers].sort((one, other) => one - other);
  const outside = Math.max(0, Math.floor((sorted.length - Z * Math.sqrt(sorted.length)) / 2) - 1);
  return { value: median(sorted), from: sorted[outside]!, to: sorted.at(-1 - outside)! };
}

/** The mean of at least two numbers. */
export function meanEstimate(numbers: readonly number[]): Estimate {
  const value = mean(numbers);
  const variance = numbers.reduce((sum, number) => sum + (number - value) ** 2, 0) / (numbers.length - 1);
  const bound = Z * Math.sqrt(variance / numbers.length);
  return { value, from: value - bound, to: value + bound };
}

export const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
