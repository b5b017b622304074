import {
  askedOperation,
  assertionCheck,
  CallerError,
  Forbidden,
  LARGEST_OPERATIONS_BODY,
  operationsApi,
  OPERATIONS_AUDIENCE,
  presentedAssertion,
  refusalOf,
  Unauthenticated,
  type OperationsInput,
  type OperationsOperation,
  type OperationsOutput,
  type OperationsPorts,
  type ServicesPort,
} from '@inevitable/contract';
import { BadUserInput, parseInput, type ProductContext } from '@inevitable/kit';
import type { InternalApi } from '@inevitable/kit/host';
import { waitForSupergraph } from './registry/wait-for-supergraph.js';

type Handlers = {
  readonly [Name in OperationsOperation]: (
    input: OperationsInput<Name>,
    signal: AbortSignal,
  ) => Promise<OperationsOutput<Name>>;
};

/** Operations' side of the contract's table, and the end of what waits in it. */
export interface OperationsInternalApi extends InternalApi {
  /** Whoever waits is answered now: a server that stops would wait for them. */
  close(): void;
}

/** What gateways alone serve, and they alone count: no other service has a word in it. */
const GATEWAY = 'gateway';

/**
 * Operations' ports over HTTP, made from the contract's table: `POST /internal/v1/<operation>`, bearer a service assertion of
 * a gateway, which identity verifies.
 */
export function operationsInternalApi(
  { registry, usage, traffic }: OperationsPorts,
  services: ServicesPort,
  log: ProductContext['log'],
): OperationsInternalApi {
  const serviceOf = assertionCheck(services, OPERATIONS_AUDIENCE);
  const supergraphs = waitForSupergraph(registry);
  const handlers: Handlers = {
    supergraph: async ({ after, waitMs }, signal) => {
      const version = await supergraphs.after(after, waitMs, signal);
      return { version: version && { id: version.id, sdl: version.sdl, number: version.number } };
    },
    usage: async ({ batch, leftOut }) => {
      await usage.record(batch, leftOut);
      return {};
    },
    traffic: async (batch) => {
      await traffic.record(batch);
      return {};
    },
  };

  async function run<Name extends OperationsOperation>(name: Name, request: Request): Promise<OperationsOutput<Name>> {
    const input = parseInput(operationsApi[name].input, jsonOf(await request.text()), 'body');
    return handlers[name](input as OperationsInput<Name>, request.signal); // parsed by this very operation's schema
  }

  async function admit(request: Request): Promise<void> {
    const service = await serviceOf(presentedAssertion(request));
    if (service === null) throw new Unauthenticated('This needs a service assertion.');
    if (service !== GATEWAY) throw new Forbidden();
  }

  function refused(error: unknown, request: Request): Response {
    if (!(error instanceof CallerError) && !request.signal.aborted)
      log.error({ err: error, path: new URL(request.url).pathname }, 'an internal call failed');
    return refusalOf(error);
  }

  return {
    largestBody: LARGEST_OPERATIONS_BODY,
    async refuse(request) {
      try {
        await admit(request);
        return null;
      } catch (error) {
        return refused(error, request);
      }
    },
    async answer(request) {
      try {
        await admit(request); // identity was asked for `refuse`, and is not asked again
        return Response.json(await run(askedOperation(request, operationsApi), request));
      } catch (error) {
        return refused(error, request);
      }
    },
    close: () => supergraphs.close(),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadUserInput('The body is not JSON.', 'body');
  }
}
