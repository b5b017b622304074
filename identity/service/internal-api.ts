import {
  askedOperation,
  CallerError,
  Forbidden,
  identityApi,
  IDENTITY_AUDIENCE,
  LARGEST_IDENTITY_BODY,
  presentedAssertion,
  refusalOf,
  Unauthenticated,
  type AuditRecord,
  type IdentityInput,
  type IdentityOperation,
  type IdentityOutput,
  type IdentityPorts,
} from '@inevitable/contract';
import type { Logger } from './flows/flow-deps.js';
import { readJson } from './routes/read-json.js';
import type { AssertionVerifier } from './services/service-credentials.js';

interface Asking {
  /** The service that asks. */
  readonly service: string;
  /** Aborts when it left. */
  readonly signal: AbortSignal;
}

type Handlers = {
  readonly [Name in IdentityOperation]: (input: IdentityInput<Name>, asking: Asking) => Promise<IdentityOutput<Name>>;
};

/** In bytes, where it is more than anybody may send. */
const LARGEST_BODIES: Partial<Record<IdentityOperation, number>> = { 'append-audit': LARGEST_IDENTITY_BODY };

/** Whoever registers a context key can speak for every caller to every subgraph; nor does anybody else see API keys. */
const GATEWAY = 'gateway';
/** Relays the outboxes of all products and works for all; any other service speaks of itself alone. */
const WORKER = 'worker';

/**
 * Identity's ports over HTTP, made from the contract's table: `POST /internal/v1/<operation>`, bearer a service assertion.
 */
export function internalApi(ports: IdentityPorts, serviceOf: AssertionVerifier, log: Logger) {
  const handlers: Handlers = {
    'verification-settings': async () => {
      const { issuer, keys } = await ports.verification.settings();
      return { issuer, keys: [...keys] };
    },
    'register-context-key': async ({ key, ttlSeconds }, { service }) => {
      if (service !== GATEWAY) throw new Forbidden();
      await ports.verification.registerContextKey(key, ttlSeconds);
      return {};
    },
    'verify-api-key': async (presented, { service }) => {
      if (service !== GATEWAY) throw new Forbidden();
      const verdict = await ports.apiKeys.verify(presented);
      if (verdict.kind === 'refused') return verdict;
      const { may, allowedIps } = verdict.key;
      return { ...verdict, key: { ...verdict.key, may: [...may], allowedIps: [...allowedIps] } };
    },
    'verify-assertion': async ({ assertion, audience }, { service }) => {
      // A service learns who talks to itself, and can try no tokens that were made for another.
      if (audience !== service) throw new Forbidden();
      return { service: serviceOf(assertion, audience) };
    },
    revocations: async ({ sequence, waitMs }, { signal }) => {
      const page = await ports.revocations.since(sequence, waitMs, signal);
      return { sequence: page.sequence, revocations: [...page.revocations] };
    },
    'find-tenant': ({ tenantId }) => ports.tenants.find(tenantId),
    'active-tenants': async ({ after }) => ({ tenantIds: [...(await ports.tenants.active(after))] }),
    'describe-entitlements': ({ tenantId }) => ports.entitlements.describe(tenantId),
    reserve: (request) => ports.entitlements.reserve(request),
    commit: async ({ tenantId, reservationId, actual }) => ({
      settled: await ports.entitlements.commit(tenantId, reservationId, actual),
    }),
    release: async ({ tenantId, reservationId }) => ({
      settled: await ports.entitlements.release(tenantId, reservationId),
    }),
    usage: ({ tenantId, feature }) => ports.entitlements.usage(tenantId, feature),
    reservations: async (request) => ({ reservations: [...(await ports.entitlements.reservations(request))] }),
    'append-audit': async ({ records }, { service }) => {
      const speaksForItself = records.every(({ action }) => String(action).startsWith(`${service}.`));
      if (service !== WORKER && !speaksForItself) throw new Forbidden();
      return { refused: [...(await ports.audit.append(records as unknown as readonly AuditRecord[]))] }; // it parses each
    },
    'open-data-tasks': async ({ product, after }, { service }) => {
      if (service !== WORKER && service !== product) throw new Forbidden();
      return { tasks: [...(await ports.tenantData.open(product, after))] };
    },
    'data-task-done': async ({ product, orderId, tenantId, part }, { service }) => {
      if (service !== WORKER && service !== product) throw new Forbidden();
      return { taken: await ports.tenantData.done(product, { orderId, tenantId }, part) };
    },
  };

  async function run<Name extends IdentityOperation>(
    name: Name,
    service: string,
    request: Request,
  ): Promise<IdentityOutput<Name>> {
    const input = await readJson(request, identityApi[name].input, LARGEST_BODIES[name]);
    const asking = { service, signal: request.signal };
    return handlers[name](input as IdentityInput<Name>, asking); // parsed by this very operation's schema
  }

  return async (request: Request): Promise<Response> => {
    try {
      const service = serviceOf(presentedAssertion(request), IDENTITY_AUDIENCE);
      if (!service) throw new Unauthenticated('This needs a service assertion.');
      return Response.json(await run(askedOperation(request, identityApi), service, request));
    } catch (error) {
      if (!(error instanceof CallerError))
        log.error({ err: error, path: new URL(request.url).pathname }, 'an internal call failed');
      return refusalOf(error);
    }
  };
}
