import { z } from 'zod';
import { assertNever } from '../assert-never.js';
import type { Caller } from '../caller.js';
import { isUuid } from '../ids.js';

/** Records of one request. */
export const LARGEST_AUDIT_BATCH = 200;

const id = z.string().refine(isUuid, 'is no id');
/** What PostgreSQL can keep in JSON. */
const text = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine((of) => of.isWellFormed() && !of.includes('\0'), 'is no text');
/** As code names things: nothing a caller could have put a sentence into. */
const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/, 'is no name');

/**
 * What a product's mutation did, or was refused, as its outbox carries it. Of what the caller sent only ids are in it:
 * it can never be erased, but for `client`.
 */
export const auditRecord = z.strictObject({
  /** The outbox record's: appended twice, it is one event. */
  id,
  /** null: in no tenant. */
  tenantId: id.refine((of) => /[^0-]/.test(of), 'is the id of nobody').nullable(),
  /** `<product>.<root mutation field>`, or `<product>.<route>` as it is declared: `POST /things/:id`. Core-identity speaks for itself, and nobody else for it. */
  action: z
    .string()
    .max(255)
    .regex(/^(?!identity\.)[a-z][a-z0-9-]*\.([A-Za-z_]\w*|[A-Z]+ \/[\w:./-]*)$/, 'is no action of a product'),
  outcome: z.enum(['success', 'refused']),
  /** The code of the error it was refused with; null: it was not. */
  reason: name.nullable(),
  /** ISO 8601; of the product's transaction. */
  occurredAt: z.iso.datetime(),
  actor: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('user'), id }),
    z.object({ kind: z.enum(['apiKey', 'service']), id: text(200) }),
    /** Somebody at the machine, with the stack's own secrets; or nobody who is known. */
    z.object({ kind: z.enum(['operator', 'anonymous']), id: z.null() }),
  ]),
  /** The person whose rights were used, where the actor acted for them. */
  onBehalfOf: id.nullable(),
  sessionId: text(200).nullable(),
  /** Correlates with the log and the traces. */
  requestId: text(200),
  /** What it was done to. */
  subjects: z.array(z.object({ type: name, id })).max(50),
  /** How many refusals of this tenant were left out before this one, because there were too many. */
  leftOut: z.int().nonnegative(),
  /** Personal: kept apart, so that it can be erased. */
  client: z.object({ address: text(200).nullable(), agent: text(1_000).nullable() }),
});
export type AuditRecord = Readonly<z.output<typeof auditRecord>>;
export type AuditActor = AuditRecord['actor'];

/** A record that will not be appended however often it is sent. */
export interface RefusedAuditRecord {
  readonly id: string;
  readonly why: string;
}

export interface AuditPort {
  /**
   * Appends to the chains of their tenants, in this order; idempotent by `id`. Answers those that were refused: of an unknown
   * tenant, or no `AuditRecord`. At most `LARGEST_AUDIT_BATCH`.
   */
  append(records: readonly AuditRecord[]): Promise<readonly RefusedAuditRecord[]>;
}

/** Who acted, as the audit names them: behind a member that is impersonated whoever really asks. */
export function auditActorOf(caller: Caller): Pick<AuditRecord, 'actor' | 'onBehalfOf'> {
  const itself = (actor: AuditActor) => ({ actor, onBehalfOf: null });
  switch (caller.kind) {
    case 'member':
      return caller.actor === undefined
        ? itself({ kind: 'user', id: caller.userId })
        : { actor: { kind: 'user', id: caller.actor }, onBehalfOf: caller.userId };
    case 'platformAdmin':
      return itself({ kind: 'user', id: caller.userId });
    case 'apiKey':
      return itself({ kind: 'apiKey', id: caller.keyId });
    case 'service':
      return itself({ kind: 'service', id: caller.service });
    case 'anonymous':
      return itself({ kind: 'anonymous', id: null });
    default:
      return assertNever(caller);
  }
}
