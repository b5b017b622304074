import { BadUserInput } from '@inevitable/kit';

/** A request's body, of which no more than `limit` bytes are ever kept. Throws `BadUserInput` with `tooLarge`. */
export async function bodyWithin(request: Request, limit: number, tooLarge: string): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length')) > limit) throw new BadUserInput(tooLarge);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > limit) throw new BadUserInput(tooLarge); // leaving the loop cancels the stream
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
