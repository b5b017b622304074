import { InvalidArgumentError } from 'commander';

/** What gateways recorded is kept so long. */
const MOST = 90;

/** How many days to look back, as people give it. Throws commander's `InvalidArgumentError`. */
export function daysOfUse(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= MOST) return days;
  throw new InvalidArgumentError(`A whole number from 1 to ${MOST}: what is older is not kept.`);
}
