import { z } from 'zod';
import type { Caller } from './caller.js';
import { assertNever } from './assert-never.js';
import { userOf } from './caller.js';
import type { ApiKeyId, SessionId, TenantId, UserId } from './ids.js';
import { NO_CLIENT, type RequestClient } from './request-client.js';
import type { RequestContext } from './request-context.js';

/** Carries the gateway's signed word about the caller to a subgraph. A client's header of this name is dropped. */
export const CONTEXT_HEADER = 'x-inevitable-context';
/** Plain headers beside it: correlation, and the time left in milliseconds. */
export const REQUEST_ID_HEADER = 'x-request-id';
export const DEADLINE_HEADER = 'x-inevitable-deadline-ms';

export const CONTEXT_TOKEN_ISSUER = 'inevitable-gateway';
export const CONTEXT_TOKEN_TYPE = 'ctx+jwt';
export const CONTEXT_TOKEN_SECONDS = 60;

const callerKind = z.enum(['member', 'platformAdmin', 'apiKey', 'service', 'anonymous']);

/** The claims of `x-inevitable-context`: one identity, one subgraph, one minute. */
export const contextTokenClaims = z.object({
  iss: z.literal(CONTEXT_TOKEN_ISSUER),
  aud: z.string(),
  /** User, key or service; empty for the anonymous. */
  sub: z.string(),
  knd: callerKind,
  sid: z.uuid().optional(),
  tid: z.uuid().optional(),
  act: z.object({ sub: z.uuid() }).optional(),
  roles: z.array(z.string()),
  scope: z.string(),
  plan: z.string().optional(),
  ent: z.string().optional(),
  dep: z.enum(['internal', 'customer']),
  iat: z.int(),
  exp: z.int(),
});
export type ContextTokenClaims = z.infer<typeof contextTokenClaims>;

/** What a context token for `subgraph` says; `now` in seconds. */
export function contextClaims(context: RequestContext, subgraph: string, now: number): ContextTokenClaims {
  const { caller, tenant, sessionId } = context;
  return {
    iss: CONTEXT_TOKEN_ISSUER,
    aud: subgraph,
    sub: subjectOf(caller),
    knd: caller.kind,
    ...(sessionId && { sid: sessionId }),
    ...(tenant && { tid: tenant.id, plan: tenant.plan, ent: tenant.entitlementsDigest }),
    ...(caller.kind === 'member' && caller.actor && { act: { sub: caller.actor } }),
    roles: [...context.roles],
    scope: [...context.may].join(' '),
    dep: context.deployment,
    iat: now,
    exp: now + CONTEXT_TOKEN_SECONDS,
  };
}

function subjectOf(caller: Caller): string {
  if (caller.kind === 'apiKey') return caller.keyId;
  if (caller.kind === 'service') return caller.service;
  return userOf(caller) ?? '';
}

/** What the request itself says, beside the token. */
export interface RequestFacts {
  readonly requestId: string;
  readonly trace: string | null;
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Left out: nowhere in particular. */
  readonly client?: RequestClient;
}

/** The request context a subgraph builds from a verified token. */
export function contextFromClaims(claims: ContextTokenClaims, request: RequestFacts): RequestContext {
  return Object.freeze({
    ...request,
    tenant: claims.tid
      ? Object.freeze({ id: claims.tid as TenantId, plan: claims.plan ?? '', entitlementsDigest: claims.ent ?? '' })
      : null,
    caller: Object.freeze(callerFrom(claims)),
    sessionId: (claims.sid as SessionId | undefined) ?? null,
    roles: Object.freeze(claims.roles),
    may: new Set(claims.scope.split(' ').filter(Boolean)),
    deployment: claims.dep,
    client: request.client ?? NO_CLIENT,
  });
}

function callerFrom({ knd, sub, act }: ContextTokenClaims): Caller {
  switch (knd) {
    case 'member':
      return act
        ? { kind: 'member', userId: sub as UserId, actor: act.sub as UserId }
        : { kind: 'member', userId: sub as UserId };
    case 'platformAdmin':
      return { kind: 'platformAdmin', userId: sub as UserId };
    case 'apiKey':
      return { kind: 'apiKey', keyId: sub as ApiKeyId };
    case 'service':
      return { kind: 'service', service: sub };
    case 'anonymous':
      return { kind: 'anonymous' };
    default:
      return assertNever(knd);
  }
}
