import type { RequestContext } from '@inevitable/contract';
import type { FetchMade } from '../executor/run-plan.js';
import type { OperationSeen } from '../extensions/gateway-extension.js';
import type { RequestOutcome, RequestSeen } from '../extensions/request-seen.js';
import type { TraceContext } from './trace-context.js';

const MOST_CODES = 10;

export interface RequestBegun {
  readonly route: RequestSeen['route'];
  readonly method: string | null;
  readonly requestId: string;
  readonly trace: TraceContext;
}

/** What becomes of one request, noted while it happens, for extensions that are told of its end. */
export class RequestRecord implements RequestSeen {
  route: RequestSeen['route'];
  readonly method: string | null;
  readonly requestId: string;
  readonly trace: TraceContext;
  readonly startedAt = Date.now();
  product: string | null = null;
  context: RequestContext | null = null;
  operation: OperationSeen | null = null;
  planKnown: boolean | null = null;
  planningAfterMs: number | null = null;
  readonly fetches: FetchMade[] = [];
  readonly codes: string[] = [];
  outcome: RequestOutcome = 'answered';
  status: number | null = null;
  responseBytes: number | null = null;
  payloads = 0;
  durationMs = 0;
  fetchingAfterMs: number | null = null;
  readonly #began = performance.now();
  readonly #tell: (request: RequestSeen) => void;
  #hasEnded = false;

  constructor({ route, method, requestId, trace }: RequestBegun, tell: (request: RequestSeen) => void) {
    this.route = route;
    this.method = method;
    this.requestId = requestId;
    this.trace = trace;
    this.#tell = tell;
  }

  /** Its path is one of this product's. */
  forwarded(product: string): void {
    this.route = 'product';
    this.product = product;
  }

  /** `known`: its plan is there already; else it is planned from now on. */
  planning(known: boolean): void {
    this.planKnown = known;
    if (!known) this.planningAfterMs = performance.now() - this.#began;
  }

  /** From now on its subgraphs are asked. */
  fetching(): void {
    this.fetchingAfterMs ??= performance.now() - this.#began;
  }

  /** The client is told of these. */
  told(errors: readonly { readonly extensions?: Readonly<Record<string, unknown>> | undefined }[]): void {
    if (errors.length === 0 || this.outcome === 'left') return;
    this.outcome = 'errors';
    for (const { extensions } of errors) {
      if (this.codes.length >= MOST_CODES) return;
      const code = extensions?.['code'];
      if (typeof code === 'string' && !this.codes.includes(code)) this.codes.push(code);
    }
  }

  /** `status`: what it would be over HTTP. `errors`: as for `told`. */
  refused(status: number, errors: Parameters<RequestRecord['told']>[0]): void {
    if (this.outcome === 'left') return;
    this.told(errors);
    this.outcome = status >= 500 ? 'failed' : 'refused';
  }

  /** Nobody is told of what it comes to later. */
  left(): void {
    this.outcome = 'left';
  }

  /** Nothing more becomes of it. What is said a second time is not heard. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.durationMs = performance.now() - this.#began;
    this.#tell(this);
  }
}
