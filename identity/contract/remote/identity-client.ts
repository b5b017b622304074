import { z } from 'zod';
import { BadUserInput, PeerFailed } from '../errors.js';
import {
  identityApi,
  IDENTITY_AUDIENCE,
  type IdentityInput,
  type IdentityOperation,
  type IdentityOutput,
  type IdentityPorts,
} from './identity-api.js';
import { serviceAssertions, type ServiceCredential } from './service-assertion.js';

const TIMEOUT_MS = 5_000;

/**
 * Identity's ports over HTTP, for a process that does not host identity.
 * Throws `BadUserInput` where identity does, and `PeerFailed` when it does not answer, refuses the credential, or answers off
 * its contract.
 */
export function identityClient(url: string, credential: ServiceCredential): IdentityPorts {
  const assertion = serviceAssertions(credential, IDENTITY_AUDIENCE);

  async function call<Name extends IdentityOperation>(
    name: Name,
    input: IdentityInput<Name>,
    signal: AbortSignal = AbortSignal.timeout(TIMEOUT_MS),
  ): Promise<IdentityOutput<Name>> {
    const answer = await post(`${url}/internal/v1/${name}`, input, assertion(), signal);
    const parsed = identityApi[name].output.safeParse(answer);
    if (!parsed.success)
      throw new PeerFailed(`Identity at ${url} answered "${name}" off its contract.`, { cause: parsed.error });
    return parsed.data as IdentityOutput<Name>;
  }

  return {
    verification: {
      settings: () => call('verification-settings', {}),
      registerContextKey: async (key, ttlSeconds) => void (await call('register-context-key', { key, ttlSeconds })),
    },
    revocations: {
      since: (sequence, waitMs, signal) =>
        call('revocations', { sequence, waitMs }, AbortSignal.any([signal, AbortSignal.timeout(waitMs + TIMEOUT_MS)])),
    },
    tenants: {
      find: (tenantId) => call('find-tenant', { tenantId }),
      active: async (after) => (await call('active-tenants', { after })).tenantIds,
    },
    entitlements: {
      describe: (tenantId) => call('describe-entitlements', { tenantId }),
      reserve: (request) => call('reserve', request),
      commit: async (tenantId, reservationId, actual) =>
        (await call('commit', { tenantId, reservationId, actual })).settled,
      release: async (tenantId, reservationId) => (await call('release', { tenantId, reservationId })).settled,
      usage: (tenantId, feature) => call('usage', { tenantId, feature }),
      reservations: async (request) => (await call('reservations', request)).reservations,
    },
  };
}

async function post(url: string, body: unknown, bearer: string, signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: JSON.stringify(body),
      signal,
    });
  } catch (error) {
    throw new PeerFailed(`Identity did not answer at ${url}.`, { cause: error });
  }
  if (!response.ok) throw refusal(url, response.status, await response.text());
  return response.json();
}

const badInput = z.object({
  error: z.object({ code: z.literal('BAD_USER_INPUT'), message: z.string(), field: z.string().optional() }),
});

/** What was wrong with the question is told as it is in one process; anything else is between the two services. */
function refusal(url: string, status: number, body: string): Error {
  const { data } = badInput.safeParse(jsonOf(body));
  if (data) return new BadUserInput(data.error.message, data.error.field);
  return new PeerFailed(`Identity refused ${url} with ${status}: ${body.slice(0, 300)}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
