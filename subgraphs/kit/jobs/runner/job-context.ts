import { NO_CLIENT, type DeploymentContext, type RequestContext, type TenantRecord } from '@inevitable/contract';

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
export function jobContext(
  { product, tenant, correlationId, trace, deployment, deadline }: JobContextFacts,
  cutoff: { readonly signal: AbortSignal },
): RequestContext {
  return Object.freeze({
    requestId: correlationId,
    trace,
    deadline,
    get signal() {
      return cutoff.signal;
    },
    tenant:
      tenant && Object.freeze({ id: tenant.id, plan: tenant.plan, entitlementsDigest: tenant.entitlementsDigest }),
    caller: Object.freeze({ kind: 'service' as const, service: product }),
    sessionId: null,
    roles: Object.freeze([]),
    may: new Set<string>(),
    deployment,
    client: NO_CLIENT,
  });
}
