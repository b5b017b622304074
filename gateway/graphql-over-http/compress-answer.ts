import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';

/** What is shorter fits into one packet with its headers, compressed or not. */
export const COMPRESSED_FROM_BYTES = 1_400;

export type ContentCoding = 'br' | 'gzip';

/** By what a client sends: browsers have a handful of them. */
const chosen = new LRUCache<string, ContentCoding | 'none'>({ max: 100 });

/** The coding that a client takes of those we have, and likes best (RFC 9110, section 12.5.3); null: it wants none. */
export function preferredCoding(acceptEncoding: string | undefined): ContentCoding | null {
  if (acceptEncoding === undefined || acceptEncoding === '') return null;
  let coding = chosen.get(acceptEncoding);
  if (coding === undefined) chosen.set(acceptEncoding, (coding = choose(acceptEncoding) ?? 'none'));
  return coding === 'none' ? null : coding;
}

function choose(acceptEncoding: string): ContentCoding | null {
  const weights = new Map<string, number>();
  for (const item of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(name, weight === undefined ? 1 : Number(weight) || 0);
  }
  const weightOf = (name: ContentCoding): number => weights.get(name) ?? weights.get('*') ?? 0;
  const [br, gz] = [weightOf('br'), weightOf('gzip')];
  const best = br >= gz ? br : gz;
  if (best === 0 || (weights.get('identity') ?? 0) > best) return null;
  return br >= gz ? 'br' : 'gzip';
}

const brotli = promisify<Buffer | string, { params: Record<number, number> }, Buffer>(brotliCompress);
const gzipped = promisify<Buffer | string, { level: number }, Buffer>(gzip);

/** As fast as gzip's default, and smaller: answers are made once and read once. */
const BROTLI_QUALITY = 4;
const GZIP_LEVEL = 5;

/**
 * On a thread of its own. What secrets an answer holds cannot be told from its length (BREACH) by whoever could make a
 * client ask with a text of theirs: credentials travel in `Authorization`, which no other site's page can send.
 */
export const compressAnswer = (body: string | Buffer, coding: ContentCoding): Promise<Buffer> =>
  coding === 'br'
    ? brotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } })
    : gzipped(body, { level: GZIP_LEVEL });
