import { InvalidArgumentError } from 'commander';

/** A command's option of some seconds, up to a day. */
export function wholeSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('A whole number of seconds from 0 to 86400.');
}
