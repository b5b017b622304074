import {
  contextOf,
  NO_CLIENT,
  type AnonymousRequest,
  type DeploymentContext,
  type RequestContext,
  type TenantRecord,
} from '@inevitable/contract';

export interface JobContextFacts {
  readonly product: string;
  readonly tenant: TenantRecord | null;
  readonly correlationId: string;
  /** W3C `traceparent` of the request that enqueued it. */
  readonly trace: string | null;
  readonly deployment: DeploymentContext;
  /** Epoch milliseconds. */
  readonly deadline: number;
}

/** The request context a job runs with: caller `service`, the tenant of its payload, no permissions of any person. */
export const jobContext = (facts: JobContextFacts, cutoff: { readonly signal: AbortSignal }): RequestContext => {
  const { product, tenant } = facts;
  return contextOf(new JobAsRequest(facts, cutoff), {
    tenant:
      tenant && Object.freeze({ id: tenant.id, plan: tenant.plan, entitlementsDigest: tenant.entitlementsDigest }),
    caller: Object.freeze({ kind: 'service', service: product }),
    sessionId: null,
    roles: NONE,
    may: new Set(),
  });
};

const NONE: readonly string[] = Object.freeze([]);

/** A class, for the reason that a request's context is one (`contextOf`). Its signal is made when somebody asks for it. */
class JobAsRequest implements AnonymousRequest {
  readonly #cutoff: { readonly signal: AbortSignal };
  readonly requestId: string;
  readonly trace: string | null;
  readonly deadline: number;
  readonly deployment: DeploymentContext;
  readonly client = NO_CLIENT;

  constructor(
    { correlationId, trace, deadline, deployment }: JobContextFacts,
    cutoff: { readonly signal: AbortSignal },
  ) {
    this.#cutoff = cutoff;
    this.requestId = correlationId;
    this.trace = trace;
    this.deadline = deadline;
    this.deployment = deployment;
  }

  get signal(): AbortSignal {
    return this.#cutoff.signal;
  }
}
