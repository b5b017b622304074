import { validateHeaderName, validateHeaderValue } from 'node:http';
import { REQUEST_ID_HEADER } from '@inevitable/contract';
import type { HeaderList } from '../graphql-over-http/header-list.js';
import { hasName, withPairs } from '../graphql-over-http/pairs.js';
import { mayCross } from '../transports/forwarded-headers.js';

/** Said by the gateway alone: what the message is, who asks, and which request it belongs to. */
const OURS = new Set([
  'host',
  'content-type',
  'content-length',
  'accept',
  'authorization',
  'traceparent',
  REQUEST_ID_HEADER,
]);

/** What an extension wants to add, by lower-case name. Throws for a header that is not its to set, or not HTTP. */
export function addedHeaders(wanted: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const given of Object.keys(wanted)) {
    const name = nameOf(given);
    headers[name] = valueOf(name, wanted[given]!);
  }
  return headers;
}

/** The same for an answer. Of two spellings of one name the later one is heard. */
export function listedHeaders(wanted: Readonly<Record<string, string>>): HeaderList {
  let list: string[] = [];
  for (const given of Object.keys(wanted)) {
    const name = nameOf(given);
    const value = valueOf(name, wanted[given]!);
    if (hasName(list, name)) list = [...withPairs(list, [name, value])];
    else list.push(name, value);
  }
  return list;
}

function valueOf(name: string, value: string): string {
  validateHeaderValue(name, value);
  return value;
}

/** As extensions spell them: each has a few, the same with every answer. */
const known = new Map<string, string>();
const MOST_KNOWN = 1_000;

function nameOf(given: string): string {
  let name = known.get(given);
  if (name !== undefined) return name;
  name = given.toLowerCase();
  if (OURS.has(name) || !mayCross(name, null)) throw new Error(`it may not set the header "${given}".`);
  validateHeaderName(name);
  if (known.size < MOST_KNOWN) known.set(given, name);
  return name;
}
