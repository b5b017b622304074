import { BadUserInput } from '@inevitable/contract';
import type { z } from 'zod';

/** Of what anybody may send, in bytes. */
const LARGEST_BODY = 64 * 1_024;

/**
 * A request's JSON body, parsed; at most `largest` bytes. Throws `BadUserInput` whose message begins with the first
 * offending field.
 */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  largest: number = LARGEST_BODY,
): Promise<z.output<Schema>> {
  return parseBody(await readBody(request, largest), schema);
}

/** For requests of several forms: the body before anybody knows which. Throws `BadUserInput` when it is not JSON. */
export const readBody = async (request: Request, largest: number = LARGEST_BODY): Promise<unknown> =>
  parseJson(await readText(request, largest));

/** Throws `BadUserInput` as `readJson` does. */
export function parseBody<Schema extends z.ZodType>(body: unknown, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    throw new BadUserInput(`"${issue.keys[0]}" is not a field of this request.`, issue.keys[0]);
  }
  const field = issue.path.join('.') || 'body';
  throw new BadUserInput(`"${field}" ${readable(issue.message)}.`, field);
}

/** zod: `Invalid input: expected string, received undefined`. */
const readable = (message: string): string =>
  message
    .replace(/^Invalid input: expected (\w+), received undefined$/, 'is missing')
    .replace(/^Invalid input: expected (\w+), .*$/, 'must be of type $1');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadUserInput('The body is not JSON.', 'body');
  }
}

async function readText(request: Request, largest: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > largest) throw new BadUserInput(`The body is larger than ${largest} bytes.`, 'body');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
