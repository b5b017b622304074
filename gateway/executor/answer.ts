import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Pairs } from '../graphql-over-http/pairs.js';
import { ByteText } from './byte-text.js';

/** Members of an object, both names and values as JSON. */
export type JsonMembers = Pairs;

export const NO_MEMBERS: JsonMembers = Object.freeze([]);

/** What an operation came to, ready to be sent. */
export interface Answer {
  /** JSON of `data`. Null: null reached the top. Where `passedThrough`, the whole response of a subgraph as it came. */
  readonly data: string | Buffer | null;
  readonly passedThrough: boolean;
  /** Objects of the schema's types in `data`, without `data` itself. */
  readonly objects: number;
  readonly errors: readonly GraphQLFormattedError[];
  /** Null: it has none. */
  readonly extensions: JsonMembers | null;
}

/** The response as JSON (GraphQL specification, 7.1). */
export function answerText({ data, passedThrough, errors, extensions }: Answer): string | Buffer | ByteText {
  if (passedThrough && data !== null) {
    if (extensions === null) return data;
    const end = endText(extensions);
    return typeof data === 'string' ? data.slice(0, data.lastIndexOf('}')) + end : spliced(data, end);
  }
  let text = `{"data":${data === null ? 'null' : String(data)}`;
  if (errors.length > 0) text += `,"errors":${JSON.stringify(errors)}`;
  return text + (extensions === null ? '}' : endText(extensions));
}

const CLOSING_BRACE = 0x7d;
/** Larger ones are rather copied as bytes. */
const SMALL_BYTES = 4_096;

/** What came as bytes is not read as UTF-8 only to be written as that again. */
function spliced(bytes: Buffer, end: string): Buffer | ByteText {
  const last = bytes.length - 1;
  const upTo = bytes[last] === CLOSING_BRACE ? last : bytes.lastIndexOf(CLOSING_BRACE);
  const endBytes = Buffer.byteLength(end);
  const isAscii = endBytes === end.length;
  if (isAscii && upTo <= SMALL_BYTES) return new ByteText(bytes.toString('latin1', 0, upTo) + end);
  const whole = Buffer.allocUnsafe(upTo + endBytes);
  bytes.copy(whole, 0, 0, upTo);
  whole.write(end, upTo);
  return whole;
}

function endText(extensions: JsonMembers): string {
  let text = ',"extensions":{';
  for (let at = 0; at < extensions.length; at += 2)
    text += at === 0 ? `${extensions[0]}:${extensions[1]}` : `,${extensions[at]}:${extensions[at + 1]}`;
  return `${text}}}`;
}

/** The same as objects, for a server that writes JSON itself. */
export const answerResult = (answer: Answer): ExecutionResult =>
  JSON.parse(String(answerText(answer))) as ExecutionResult;
