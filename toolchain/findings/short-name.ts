const LONGEST = 100;

/** The name of an operation or a client, which are as long as a client likes: cut after 100 characters. */
export const shortName = (name: string): string =>
  name.length <= LONGEST ? name : `${name.slice(0, LONGEST).replace(/[\ud800-\udbff]$/, '')}…`;
