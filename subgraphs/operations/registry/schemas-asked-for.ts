import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { SubgraphSchema } from '@inevitable/contract';
import { BadUserInput, parseInput, plainText } from '@inevitable/kit';
import { parse, type ConstDirectiveNode, type DocumentNode } from 'graphql';
import { z } from 'zod';

const MAX_SUPERGRAPH_BYTES = 20_000_000;
const MAX_SUBGRAPHS = 500;
const MAX_SUBGRAPH_BYTES = 10_000_000;
/** Of all schemas together, once they are unpacked. */
const MAX_UNPACKED_BYTES = 64_000_000;

/** PostgreSQL keeps no NUL, and half a surrogate pair would come back as another character. */
const schemaText = (maxBytes: number) =>
  z
    .string()
    .refine((text) => Buffer.byteLength(text) <= maxBytes, `must have at most ${maxBytes / 1_000_000} MB`)
    .refine((text) => !text.includes('\0') && text.isWellFormed(), 'must be well-formed text without NUL characters');

const schemas = z.object({
  supergraph: schemaText(MAX_SUPERGRAPH_BYTES),
  subgraphs: z
    .array(
      z.object({
        name: plainText({ min: 1, max: 100, singleLine: true }),
        routingUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2_000),
        schema: schemaText(MAX_SUBGRAPH_BYTES),
      }),
    )
    .min(1, 'must name what the supergraph was composed of')
    .max(MAX_SUBGRAPHS, `must be at most ${MAX_SUBGRAPHS}`),
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
 * The schemas of a publication, as they are or packed. Throws `BadUserInput` for what is too large, is not GraphQL, is no
 * supergraph, or does not name the subgraphs that the supergraph names.
 */
export async function schemasAskedFor({ supergraph, subgraphs, packed }: GivenSchemas): Promise<AskedSchemas> {
  if ((packed == null) === (supergraph == null && subgraphs == null))
    throw new BadUserInput('Give either supergraph and subgraphs, or packed.', 'input.packed');
  const root = packed == null ? 'input' : 'input.packed';
  const given = parseInput(schemas, packed == null ? { supergraph, subgraphs } : await unpack(packed), root);
  const named = subgraphsOf(documentOf(given.supergraph, `${root}.supergraph`));
  if (!named.size)
    throw new BadUserInput('That is no supergraph: it has no enum join__Graph with subgraphs.', `${root}.supergraph`);
  given.subgraphs.forEach(({ schema }, at) => documentOf(schema, `${root}.subgraphs.${at}.schema`));
  const names = given.subgraphs.map(({ name }) => name);
  if (names.length !== named.size || !names.every((name) => named.delete(name)))
    throw new BadUserInput('These are not the subgraphs that the supergraph names.', `${root}.subgraphs`);
  return {
    sdl: given.supergraph,
    subgraphs: given.subgraphs.map(({ name, routingUrl, schema }) => ({ name, routingUrl, sdl: schema })),
  };
}

async function unpack(packed: string): Promise<unknown> {
  try {
    const text = await promisify(gunzip)(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_UNPACKED_BYTES });
    return JSON.parse(text.toString()) as unknown;
  } catch {
    throw new BadUserInput(
      `packed is not the Base64 of JSON that gzip has compressed, or it has more than ${MAX_UNPACKED_BYTES / 1_000_000} MB.`,
      'input.packed',
    );
  }
}

function documentOf(text: string, field: string): DocumentNode {
  try {
    return parse(text, { noLocation: true });
  } catch (error) {
    throw new BadUserInput(`That is not GraphQL: ${(error as Error).message}`, field);
  }
}

/** The names that `join__Graph` gives (join specification v0.3): the enum's own values are made of them. */
function subgraphsOf({ definitions }: DocumentNode): Set<string> {
  const values = definitions.flatMap((definition) =>
    definition.kind === 'EnumTypeDefinition' && definition.name.value === 'join__Graph'
      ? (definition.values ?? [])
      : [],
  );
  return new Set(values.flatMap(({ directives = [] }) => directives.flatMap(nameIn)));
}

const nameIn = ({ name, arguments: given = [] }: ConstDirectiveNode): string[] =>
  name.value === 'join__graph'
    ? given.flatMap(({ name, value }) => (name.value === 'name' && value.kind === 'StringValue' ? [value.value] : []))
    : [];
