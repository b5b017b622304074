import { InvalidArgumentError } from 'commander';

/** A port to listen on, as people give it; 0: any that is free. Throws commander's `InvalidArgumentError`. */
export function portToServe(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}
