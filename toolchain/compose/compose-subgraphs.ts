import { composeSupergraph, type CompositionError, type CompositionPlace } from '@inevitable/gateway/supergraph';
import { completeSchemaText } from '@inevitable/kit/schema';
import { GraphQLError, parse } from 'graphql';
import type { Finding, Place, Severity } from '../findings/finding.js';
import type { SubgraphText } from './read-subgraphs.js';
import { repairOf } from './repairs.js';

export type ComposedSubgraphs =
  /** The findings are warnings and hints. */
  | { readonly kind: 'composed'; readonly sdl: string; readonly findings: readonly Finding[] }
  /** At least one finding is an error. */
  | { readonly kind: 'failed'; readonly findings: readonly Finding[] };

/** Joins the subgraphs' schemas, each with what the kit adds to it, into the supergraph's. Places are those of the files. */
export function composeSubgraphs(subgraphs: readonly SubgraphText[]): ComposedSubgraphs {
  const byName = new Map(subgraphs.map(({ name, file, sdl }) => [name, { file, lines: countLines(sdl) }]));
  const completed = subgraphs.map((subgraph) => ({ ...subgraph, ...complete(subgraph) }));
  const invalid = completed.flatMap(({ error }) => error ?? []);
  if (invalid.length > 0)
    return { kind: 'failed', findings: invalid.map((error) => findingOf(error, 'error', byName)) };

  const outcome = composeSupergraph(completed);
  if (outcome.kind === 'failed')
    return { kind: 'failed', findings: outcome.errors.map((error) => findingOf(error, 'error', byName)) };
  return {
    kind: 'composed',
    sdl: outcome.sdl,
    findings: outcome.hints.map((hint) => findingOf(hint, hint.level === 'warn' ? 'warning' : 'hint', byName)),
  };
}

function complete({ name, sdl, served }: SubgraphText): { readonly sdl: string; readonly error?: CompositionError } {
  const invalid = (message: string, place?: { line: number; column: number }) => ({
    sdl,
    error: { code: 'INVALID_GRAPHQL', message, subgraph: name, ...place },
  });
  try {
    if (!served) return { sdl: completeSchemaText(sdl) };
    parse(sdl);
    return { sdl };
  } catch (error) {
    if (error instanceof GraphQLError) return invalid(error.message, error.locations?.[0]);
    if (error instanceof RangeError) return invalid('Something in the schema is nested too deeply to be read.');
    throw error;
  }
}

/** By the subgraph's name. */
type Files = ReadonlyMap<string, { readonly file: string; readonly lines: number }>;

const countLines = (text: string): number => text.split(/\r\n|\n|\r/).length; // as GraphQL counts them

function findingOf(
  { code, message, subgraph, line, column, alsoAt = [] }: CompositionError,
  severity: Severity,
  files: Files,
): Finding {
  const place =
    subgraph === undefined ? null : placeOf({ subgraph, ...(line && { line }), ...(column && { column }) }, files);
  const others = alsoAt.flatMap((other) => placeOf(other, files) ?? []);
  const repair = repairOf(code);
  return {
    code,
    severity,
    message: message.replace(`[${subgraph}] `, ''), // the subgraph is told beside it
    ...(subgraph !== undefined && { subgraph }),
    ...(place && { place }),
    ...(others.length > 0 && { alsoAt: others }),
    ...(repair !== undefined && { repair }),
  };
}

/** In the file. What the kit has added stands behind the file's last line: it has no place there but the file itself. */
function placeOf({ subgraph, line, column }: CompositionPlace, files: Files): Place | null {
  const known = files.get(subgraph);
  if (!known) return null;
  const inFile = line !== undefined && line <= known.lines;
  return { file: known.file, ...(inFile && { line }), ...(inFile && column !== undefined && { column }) };
}
