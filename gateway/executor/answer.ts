import type { ExecutionResult, GraphQLFormattedError } from 'graphql';

/** What an operation came to, ready to be sent. */
export interface Answer {
  /** JSON of `data`. Null: null reached the top. Where `passedThrough`, the whole response of a subgraph as it came. */
  readonly data: string | Buffer | null;
  readonly passedThrough: boolean;
  readonly errors: readonly GraphQLFormattedError[];
  readonly extensions: Readonly<Record<string, unknown>> | null;
}

/** The response as JSON (GraphQL specification, 7.1). */
export function answerText({ data, passedThrough, errors, extensions }: Answer): string | Buffer {
  if (passedThrough && data !== null) {
    if (extensions === null) return data;
    const whole = data.toString();
    return `${whole.slice(0, whole.lastIndexOf('}'))},"extensions":${JSON.stringify(extensions)}}`;
  }
  let text = `{"data":${data === null ? 'null' : String(data)}`;
  if (errors.length > 0) text += `,"errors":${JSON.stringify(errors)}`;
  if (extensions !== null) text += `,"extensions":${JSON.stringify(extensions)}`;
  return `${text}}`;
}

/** The same as objects, for a server that writes JSON itself. */
export const answerResult = (answer: Answer): ExecutionResult =>
  JSON.parse(String(answerText(answer))) as ExecutionResult;
