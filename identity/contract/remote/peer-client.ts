import { z } from 'zod';
import { BadUserInput, PeerFailed } from '../errors.js';
import type { PeerOperation } from './peer-operation.js';
import { serviceAssertions, type ServiceCredential } from './service-assertion.js';

/** How long a peer has for an answer that it need not wait for. Milliseconds. */
const TIMEOUT_MS = 5_000;

export interface Peer<Api> {
  /** As it begins a sentence: `Identity`. */
  readonly name: string;
  /** Of the assertions made for it. */
  readonly audience: string;
  readonly api: Api;
  /** Where it is, without a path. */
  readonly url: string;
}

export interface PeerCallLimits {
  /** How long the peer was asked to wait before it answers, in milliseconds; 0 unless told. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks a peer by `POST /internal/v1/<operation>`, JSON both ways. What it answers throws `BadUserInput` where the peer does, and
 * `PeerFailed` when it does not answer in time, refuses the credential, or answers off its contract.
 */
export function peerClient<Api extends Readonly<Record<string, PeerOperation>>>(
  { name: peer, audience, api, url }: Peer<Api>,
  credential: ServiceCredential,
) {
  const assertion = serviceAssertions(credential, audience);

  return async <Name extends keyof Api & string>(
    name: Name,
    input: z.output<Api[Name]['input']>,
    { waitMs = 0, signal }: PeerCallLimits = {},
  ): Promise<z.output<Api[Name]['output']>> => {
    const inTime = AbortSignal.timeout(waitMs + TIMEOUT_MS);
    const limit = signal ? AbortSignal.any([signal, inTime]) : inTime;
    const parsed = api[name]!.output.safeParse(
      await post(peer, `${url}/internal/v1/${name}`, input, assertion(), limit),
    );
    if (parsed.success) return parsed.data as z.output<Api[Name]['output']>; // by that very schema
    throw new PeerFailed(`${peer} at ${url} answered "${name}" off its contract.`, { cause: parsed.error });
  };
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
