import { z } from 'zod';
import type { ApiKeyId, TenantId, UserId } from '../ids.js';
import type { ApiKeysPort } from '../ports/api-keys-port.js';
import { LARGEST_AUDIT_BATCH, type AuditPort } from '../ports/audit-port.js';
import { RESERVATIONS_PAGE, type EntitlementsPort } from '../ports/entitlements-port.js';
import type { RevocationFeed } from '../ports/revocation-feed.js';
import type { ServicesPort } from '../ports/services-port.js';
import { OPEN_TASKS_PAGE, type TenantDataPort } from '../ports/tenant-data-port.js';
import type { TenantsPort } from '../ports/tenants-port.js';
import type { TokenVerificationPort } from '../ports/token-verification-port.js';
import { operation } from './peer-operation.js';
import { LONGEST_ASSERTION } from './service-assertion.js';

/** Everything the other parts ask of identity. One object in one process, one HTTP client apart. */
export interface IdentityPorts {
  readonly verification: TokenVerificationPort;
  readonly revocations: RevocationFeed;
  readonly entitlements: EntitlementsPort;
  readonly tenants: TenantsPort;
  readonly apiKeys: ApiKeysPort;
  readonly audit: AuditPort;
  readonly tenantData: TenantDataPort;
}

/** What only processes apart from identity ask: they have doors of their own for services. */
export interface RemoteIdentity extends IdentityPorts {
  readonly services: ServicesPort;
}

const tenantId = z.uuid().transform((text) => text as TenantId);
const userId = z.uuid().transform((text) => text as UserId);
const apiKeyId = z.uuid().transform((text) => text as ApiKeyId);
const settle = z.object({ tenantId, reservationId: z.uuid() });
const publicJwk = z.object({
  kid: z.string().min(1).max(200),
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: z.string().min(1).max(100),
  y: z.string().min(1).max(100),
  alg: z.literal('ES256'),
  use: z.literal('sig'),
});
const product = z.string().min(1).max(100);
const count = z.int().nonnegative();
const featureName = z.string().min(1).max(200);
const reservationState = z.enum(['reserved', 'committed', 'released', 'expired']);
const feature = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('boolean'), enabled: z.boolean() }),
  z.object({ kind: z.literal('static'), value: z.unknown() }),
  z.object({ kind: z.literal('metered'), limit: z.int(), per: z.enum(['day', 'month']) }),
]);

/**
 * `POST /internal/v1/<operation>` with a JSON body, answered with JSON; bearer: a service assertion for `identity`.
 * Client and server are both made from this table, so they cannot disagree.
 */
export const identityApi = {
  'verification-settings': operation(z.object({}), z.object({ issuer: z.string(), keys: z.array(publicJwk) })),
  'register-context-key': operation(
    z.object({ key: publicJwk, ttlSeconds: z.int().positive().max(3_600) }),
    z.object({}),
  ),
  'verify-assertion': operation(
    z.object({ assertion: z.string().min(1).max(LONGEST_ASSERTION), audience: z.string().min(1).max(200) }),
    z.object({ service: z.string().nullable() }),
  ),
  'verify-api-key': operation(
    z.object({
      id: apiKeyId,
      secretHash: z.string().regex(/^[\w-]{43}$/, 'must be the base64url of a SHA-256'),
      address: z.string().max(100).nullable(),
    }),
    z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('holds'),
        key: z.object({
          id: apiKeyId,
          tenantId,
          plan: z.string(),
          entitlementsDigest: z.string(),
          creator: userId,
          may: z.array(z.string()),
          expiresAt: z.iso.datetime(),
          allowedIps: z.array(z.string()),
          rev: z.int().nonnegative(),
        }),
      }),
      z.object({ kind: z.literal('refused') }),
    ]),
  ),
  revocations: operation(
    z.object({ sequence: z.int().nonnegative(), waitMs: z.int().nonnegative().max(30_000) }),
    z.object({
      sequence: z.int().nonnegative(),
      revocations: z.array(
        z.object({
          sequence: z.int(),
          subject: z.enum(['session', 'user', 'tenant', 'membership', 'apiKey', 'entitlements', 'signingKey']),
          id: z.string(),
        }),
      ),
    }),
  ),
  'find-tenant': operation(
    z.object({ tenantId }),
    z
      .object({
        id: tenantId,
        slug: z.string(),
        name: z.string(),
        plan: z.string(),
        entitlementsDigest: z.string(),
        status: z.enum(['active', 'suspended', 'deleting']),
      })
      .nullable(),
  ),
  'active-tenants': operation(
    z.object({ after: tenantId.nullable() }),
    z.object({ tenantIds: z.array(tenantId).max(500) }),
  ),
  'describe-entitlements': operation(
    z.object({ tenantId }),
    z.object({ plan: z.string(), digest: z.string(), features: z.record(z.string(), feature) }),
  ),
  reserve: operation(
    z.object({
      tenantId,
      feature: featureName,
      amount: z.int().positive(),
      idempotencyKey: z.string().min(1).max(200),
    }),
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('reserved'), reservationId: z.uuid(), expiresAt: z.string() }),
      z.object({ kind: z.literal('exceeded'), limit: z.int(), resetsAt: z.string() }),
      z.object({ kind: z.literal('notEntitled') }),
    ]),
  ),
  commit: operation(settle.extend({ actual: z.int().nonnegative() }), z.object({ settled: z.boolean() })),
  release: operation(settle, z.object({ settled: z.boolean() })),
  usage: operation(
    z.object({ tenantId, feature: featureName }),
    z
      .object({ used: z.int().nonnegative(), held: z.int().nonnegative(), limit: z.int(), resetsAt: z.string() })
      .nullable(),
  ),
  reservations: operation(
    z.object({
      tenantId,
      feature: featureName,
      ids: z.array(z.uuid()).max(RESERVATIONS_PAGE).readonly().optional(),
      state: reservationState.optional(),
      after: z.uuid().nullable(),
    }),
    z.object({
      reservations: z
        .array(
          z.object({
            id: z.uuid(),
            state: reservationState,
            amount: z.int().positive(),
            actual: z.int().nonnegative().nullable(),
            idempotencyKey: z.string(),
            createdAt: z.string(),
          }),
        )
        .max(RESERVATIONS_PAGE),
    }),
  ),
  /** Each record is judged by itself, so that one that does not fit keeps no other waiting. */
  'append-audit': operation(
    z.object({ records: z.array(z.record(z.string(), z.unknown())).max(LARGEST_AUDIT_BATCH) }),
    z.object({ refused: z.array(z.object({ id: z.string(), why: z.string() })) }),
  ),
  'open-data-tasks': operation(
    z.object({ product, after: z.object({ orderId: z.uuid(), tenantId }).nullable() }),
    z.object({
      tasks: z
        .array(
          z.object({
            orderId: z.uuid(),
            kind: z.enum(['export', 'erase']),
            tenantId,
            userId: userId.nullable(),
          }),
        )
        .max(OPEN_TASKS_PAGE),
    }),
  ),
  'data-task-done': operation(
    z.object({
      product,
      orderId: z.uuid(),
      tenantId,
      part: z.object({
        rows: count,
        files: count,
        jobs: count,
        index: z
          .string()
          .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hex')
          .nullable(),
      }),
    }),
    z.object({ taken: z.boolean() }),
  ),
} as const;

export type IdentityOperation = keyof typeof identityApi;
export type IdentityInput<Name extends IdentityOperation> = z.output<(typeof identityApi)[Name]['input']>;
export type IdentityOutput<Name extends IdentityOperation> = z.output<(typeof identityApi)[Name]['output']>;

/** Of one request to identity, in bytes: a batch of audit records is far below. */
export const LARGEST_IDENTITY_BODY = 1_000_000;

/** The service name of identity: the audience of assertions made for it. */
export const IDENTITY_AUDIENCE = 'identity';
