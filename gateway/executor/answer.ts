import type { ExecutionResult, GraphQLFormattedError } from 'graphql';

/** What an operation came to, ready to be sent. */
export interface Answer {
  /** JSON of `data`. Null: null reached the top. Where `passedThrough`, the whole response of a subgraph as it came. */
  readonly data: string | Buffer | null;
  readonly passedThrough: boolean;
  /** Objects of the schema's types in `data`, without `data` itself. */
  readonly objects: number;
  readonly errors: readonly GraphQLFormattedError[];
  /** By name, each as JSON. */
  readonly extensions: Readonly<Record<string, string>> | null;
}

/** The response as JSON (GraphQL specification, 7.1). */
export function answerText({ data, passedThrough, errors, extensions }: Answer): string | Buffer {
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

/** What came as bytes is not read as text only to be written as bytes. */
function spliced(bytes: Buffer, end: string): Buffer {
  const upTo = bytes.lastIndexOf(CLOSING_BRACE);
  const whole = Buffer.allocUnsafe(upTo + Buffer.byteLength(end));
  bytes.copy(whole, 0, 0, upTo);
  whole.write(end, upTo);
  return whole;
}

function endText(extensions: Readonly<Record<string, string>>): string {
  let members = '';
  for (const name in extensions) members += `${members && ','}${JSON.stringify(name)}:${extensions[name]}`;
  return `,"extensions":{${members}}}`;
}

/** The same as objects, for a server that writes JSON itself. */
export const answerResult = (answer: Answer): ExecutionResult =>
  JSON.parse(String(answerText(answer))) as ExecutionResult;
