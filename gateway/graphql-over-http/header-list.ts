import type { Pairs } from './pairs.js';

/** Headers of an answer, names in lower case, as Node's `writeHead` takes them. */
export type HeaderList = Pairs;

export const NO_HEADERS: HeaderList = Object.freeze([]);

export const headerList = (byName: Readonly<Record<string, string>>): HeaderList => Object.entries(byName).flat();
