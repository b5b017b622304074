import { z } from 'zod';
import { BadUserInput, PeerFailed } from '../errors.js';

/** One operation of a peer's `/internal/v1`: what goes in, and what comes back. */
export interface PeerOperation {
  readonly input: z.ZodType;
  readonly output: z.ZodType;
}

export interface PeerCall {
  /** As it begins a sentence: `Identity`. */
  readonly peer: string;
  /** Where the peer is, without a path. */
  readonly url: string;
  /** A service assertion for the peer. */
  readonly bearer: string;
  readonly signal: AbortSignal;
}

export const operation = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

/**
 * Asks a peer by `POST /internal/v1/<name>`, JSON both ways. Throws `BadUserInput` where the peer does, and `PeerFailed` when
 * it does not answer, refuses the credential, or answers off its contract.
 */
export async function callPeer<Operation extends PeerOperation>(
  { peer, url, bearer, signal }: PeerCall,
  name: string,
  { output }: Operation,
  input: z.output<Operation['input']>,
): Promise<z.output<Operation['output']>> {
  const parsed = output.safeParse(await post(peer, `${url}/internal/v1/${name}`, input, bearer, signal));
  if (parsed.success) return parsed.data as z.output<Operation['output']>; // by that very schema
  throw new PeerFailed(`${peer} at ${url} answered "${name}" off its contract.`, { cause: parsed.error });
}

async function post(peer: string, url: string, body: unknown, bearer: string, signal: AbortSignal): Promise<unknown> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: JSON.stringify(body),
      signal,
    });
    [status, text] = [response.status, await response.text()];
  } catch (error) {
    throw new PeerFailed(`${peer} did not answer at ${url}.`, { cause: error });
  }
  if (status < 200 || status > 299) throw refusal(peer, url, status, text);
  return jsonOf(text);
}

const badInput = z.object({
  error: z.object({ code: z.literal('BAD_USER_INPUT'), message: z.string(), field: z.string().optional() }),
});

/** What was wrong with the question is told as it is in one process; anything else is between the two services. */
function refusal(peer: string, url: string, status: number, body: string): Error {
  const { data } = badInput.safeParse(jsonOf(body));
  if (data) return new BadUserInput(data.error.message, data.error.field);
  return new PeerFailed(`${peer} refused ${url} with ${status}: ${body.slice(0, 300)}`);
}

/** undefined, which no contract allows, for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
