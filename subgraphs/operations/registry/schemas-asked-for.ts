import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { SubgraphSchema } from '@inevitable/contract';
import { BadUserInput, parseInput, plainText } from '@inevitable/kit';
import type { DocumentNode } from 'graphql';
import { z } from 'zod';
import { isNestedDeeper } from './is-nested-deeper.js';
import { documentOf, requireAgreement } from './require-agreement.js';

const MAX_SUBGRAPHS = 500;
const MEBIBYTE = 1_048_576;
/** Of all schemas together, once they are unpacked: 100 subgraphs with 5,000 types have a fifth of it. */
const MAX_BYTES = 16 * MEBIBYTE;
/** Of all schemas together, twice what such a supergraph has: the parser holds the process for 1 to 2 µs with each. */
const MAX_TOKENS = 1_000_000;
/** No schema that people write is nested deeper than ten. */
const MAX_DEPTH = 200;

/** PostgreSQL keeps no NUL, and half a surrogate pair would come back as another character. */
const schemaText = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= MAX_BYTES, `must have at most ${MAX_BYTES / MEBIBYTE} MiB`)
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'must be well-formed text without NUL characters');

const subgraph = z.object({
  name: plainText({ min: 1, max: 100, singleLine: true }),
  routingUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2_000),
  schema: schemaText,
});

const schemas = z.object({
  supergraph: schemaText,
  // Counted before each is looked at: 16 MiB may have millions of them, and as many mistakes.
  subgraphs: z
    .array(z.unknown())
    .min(1, 'must name what the supergraph was composed of')
    .max(MAX_SUBGRAPHS, `must be at most ${MAX_SUBGRAPHS}`)
    .pipe(z.array(subgraph)),
});

interface GivenSchemas {
  readonly supergraph?: string | null;
  readonly subgraphs?: unknown;
  readonly packed?: string | null;
}

export interface AskedSchemas {
  readonly sdl: string;
  readonly subgraphs: readonly SubgraphSchema[];
}

/**
 * The schemas of a publication, as they are or packed. Throws `BadUserInput` for what is too large or nested too deep, is not
 * GraphQL, is no supergraph, or does not name the subgraphs that the supergraph names, where they are.
 */
export async function schemasAskedFor({ supergraph, subgraphs, packed }: GivenSchemas): Promise<AskedSchemas> {
  if ((packed == null) === (supergraph == null && subgraphs == null))
    throw new BadUserInput('Give either supergraph and subgraphs, or packed.', 'input.packed');
  const root = packed == null ? 'input' : 'input.packed';
  const given = parseInput(schemas, packed == null ? { supergraph, subgraphs } : await unpack(packed), root);
  const texts = [given.supergraph, ...given.subgraphs.map(({ schema }) => schema)];
  if (texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) > MAX_BYTES)
    throw new BadUserInput(`The schemas have more than ${MAX_BYTES / MEBIBYTE} MiB together.`, root);
  const read = documentReader();
  const document = read(given.supergraph, `${root}.supergraph`);
  given.subgraphs.forEach(({ schema }, at) => read(schema, `${root}.subgraphs.${at}.schema`));
  requireAgreement(document, given.subgraphs, root);
  return {
    sdl: given.supergraph,
    subgraphs: given.subgraphs.map(({ name, routingUrl, schema }) => ({ name, routingUrl, sdl: schema })),
  };
}

/** All that it reads has `MAX_TOKENS` together. */
function documentReader(): (text: string, field: string) => DocumentNode {
  let tokensLeft = MAX_TOKENS;
  return (text, field) => {
    if (isNestedDeeper(text, MAX_DEPTH, { isGraphql: true }))
      throw new BadUserInput(`It is nested deeper than ${MAX_DEPTH} brackets.`, field);
    const document = documentOf(text, field, tokensLeft);
    tokensLeft -= document.tokenCount ?? 0;
    return document;
  };
}

async function unpack(packed: string): Promise<unknown> {
  const refused = (why: string) => new BadUserInput(why, 'input.packed');
  const bytes = await promisify(gunzip)(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_BYTES }).catch(
    ({ code }: NodeJS.ErrnoException) => {
      throw code === 'ERR_BUFFER_TOO_LARGE'
        ? refused(`packed has more than ${MAX_BYTES / MEBIBYTE} MiB when it is unpacked.`)
        : refused('packed is not the Base64 of what gzip has compressed.');
    },
  );
  const text = bytes.toString();
  if (isNestedDeeper(text, MAX_DEPTH, { isGraphql: false }))
    throw refused(`packed is nested deeper than ${MAX_DEPTH} brackets.`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw refused('packed is not JSON when it is unpacked.');
  }
}
