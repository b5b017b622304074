import { BadUserInput } from '@inevitable/contract';
import type { z } from 'zod';

const LARGEST_BODY_BYTES = 64 * 1_024;

/** A request's JSON body, parsed. Throws `BadUserInput` whose message begins with the first offending field. */
export async function readJson<Schema extends z.ZodType>(request: Request, schema: Schema): Promise<z.output<Schema>> {
  const parsed = schema.safeParse(parseJson(await readText(request)));
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

async function readText(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > LARGEST_BODY_BYTES)
      throw new BadUserInput(`The body is larger than ${LARGEST_BODY_BYTES} bytes.`, 'body');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
