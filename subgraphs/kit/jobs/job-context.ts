import type { DeploymentContext, RequestContext, TenantRecord } from '@inevitable/contract';

/** The request context a job runs with: caller `service`, the tenant of its payload, no permissions of any person. */
export function jobContext(
  product: string,
  tenant: TenantRecord | null,
  correlationId: string,
  deployment: DeploymentContext,
  deadline: number,
  signal: AbortSignal,
): RequestContext {
  return Object.freeze({
    requestId: correlationId,
    trace: null,
    deadline,
    signal,
    tenant:
      tenant && Object.freeze({ id: tenant.id, plan: tenant.plan, entitlementsDigest: tenant.entitlementsDigest }),
    caller: Object.freeze({ kind: 'service' as const, service: product }),
    sessionId: null,
    roles: Object.freeze([]),
    may: new Set<string>(),
    deployment,
  });
}
