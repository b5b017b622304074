import { NotFound } from '@inevitable/contract';
import type { ByteRange, Files } from './file-store.js';

/** How a file is shown to whoever may read it. */
export interface FileToServe {
  readonly contentType: string;
  /** The name it is saved under; any text. */
  readonly fileName: string;
  /** Names these very bytes, such as their SHA-256: visible ASCII without quotes. Other bytes under the same key need another. */
  readonly etag: string;
}

/**
 * Answers GET and HEAD with a stored file: conditional requests (RFC 9110, section 13) and single ranges (section 14).
 * Several ranges at once are answered with the whole file, as section 14.2 allows. Nothing is buffered. Who may read the
 * file is decided before. Throws `NotFound`.
 */
export async function serveFile(
  request: Request,
  files: Files,
  key: string,
  { contentType, fileName, etag }: FileToServe,
): Promise<Response> {
  const file = await files.stat(key);
  if (!file) throw new NotFound('file');
  const tag = `"${etag}"`;
  const about = {
    etag: tag,
    'accept-ranges': 'bytes',
    // Kept by the one who asked, and asked for again each time: the right to read it may be gone.
    'cache-control': 'private, no-cache',
    'x-content-type-options': 'nosniff',
  };
  const precondition = judgePreconditions(request.headers, tag);
  if (precondition !== 'holds') return new Response(null, { status: precondition, headers: about });

  const headers = { ...about, 'content-type': contentType, 'content-disposition': asAttachment(fileName) };
  const isHead = request.method === 'HEAD';
  const range = isHead ? null : rangeToSend(request.headers, tag, file.sizeBytes);
  if (range === 'not satisfiable')
    return new Response(null, { status: 416, headers: { ...about, 'content-range': `bytes */${file.sizeBytes}` } });
  if (isHead) return new Response(null, { headers: { ...headers, 'content-length': String(file.sizeBytes) } });

  const content = await files.read(key, range ?? undefined);
  if (!content) throw new NotFound('file');
  const { sizeBytes } = content.file;
  if (!range) return new Response(content.body, { headers: { ...headers, 'content-length': String(sizeBytes) } });
  const { start, end } = range;
  return new Response(content.body, {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(end - start + 1),
      'content-range': `bytes ${start}-${end}/${sizeBytes}`,
    },
  });
}

/** In the order of section 13.2.2. A stored file has no date its readers may count on: conditions on dates are ignored. */
function judgePreconditions(headers: Headers, tag: string): 'holds' | 304 | 412 {
  const match = headers.get('if-match');
  if (match !== null && match.trim() !== '*' && !tagsIn(match).includes(tag)) return 412;
  const noneMatch = headers.get('if-none-match');
  if (noneMatch === null) return 'holds';
  return noneMatch.trim() === '*' || tagsIn(noneMatch).some((one) => one.replace(/^W\//, '') === tag) ? 304 : 'holds';
}

/** Entity tags of a list (section 8.8.3), weak ones with their `W/`. A tag may hold a comma. */
const tagsIn = (list: string): readonly string[] => list.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];

/** null: the whole file. */
function rangeToSend(headers: Headers, tag: string, sizeBytes: number): ByteRange | 'not satisfiable' | null {
  const wanted = headers.get('range');
  const ifRange = headers.get('if-range');
  if (wanted === null || (ifRange !== null && ifRange.trim() !== tag)) return null;
  return parseRange(wanted, sizeBytes);
}

/**
 * One range of bytes (section 14.1.2). null, the whole file: several, another unit, and what is no range. An empty file is
 * always answered whole, for no part of it can be named.
 */
function parseRange(header: string, sizeBytes: number): ByteRange | 'not satisfiable' | null {
  const [, list = ''] = /^bytes=(.*)$/i.exec(header.trim()) ?? [];
  const ranges = list
    .split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '');
  const [, first, last, suffix] = /^(?:(\d+)-(\d*)|-(\d+))$/.exec(ranges.length === 1 ? ranges[0]! : '') ?? [];
  if (sizeBytes === 0) return null;
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), sizeBytes);
    return length === 0 ? 'not satisfiable' : { start: sizeBytes - length, end: sizeBytes - 1 };
  }
  if (first === undefined) return null;
  const [start, end] = [Number(first), last ? Number(last) : Infinity];
  if (end < start) return null;
  return start >= sizeBytes ? 'not satisfiable' : { start, end: Math.min(end, sizeBytes - 1) };
}

/** What would be read as a path, ends the header, or shows the name in another order than it is saved in. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * `Content-Disposition` (RFC 6266): `filename` for everyone, and `filename*` (RFC 8187) where ASCII does not suffice. A
 * percent sign is replaced in the former, for some readers would decode it (RFC 6266, appendix D).
 */
function asAttachment(fileName: string): string {
  const name = fileName.toWellFormed().replace(UNSAFE, '_');
  const ascii = name.replace(/[^\x20-\x7e]|["%]/g, '_');
  const plain = `attachment; filename="${ascii}"`;
  return ascii === name ? plain : `${plain}; filename*=UTF-8''${encodeExtended(name)}`;
}

/** `encodeURIComponent` leaves four characters that RFC 8187 does not. */
const encodeExtended = (text: string): string =>
  encodeURIComponent(text).replace(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
