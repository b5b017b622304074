import { InvalidArgumentError } from 'commander';

/** The largest that PostgreSQL and GraphQL know as an integer. */
const LARGEST = 2_147_483_647;

/** The number of a version, as people give it. Throws commander's `InvalidArgumentError`. */
export function versionNumber(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= LARGEST) return number;
  throw new InvalidArgumentError('The number of a version, as "stack history" shows it: 1, 2, 3 …');
}
