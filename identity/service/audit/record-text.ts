import { createHash } from 'node:crypto';
import type { TenantId } from '@inevitable/contract';
import canonicalize from 'canonicalize';
import { NIL_ID } from '../store/nil-id.js';

/** The chain of what happens in no tenant: a sign-in of nobody, a key's rotation. */
export const PLATFORM_CHAIN = NIL_ID;

/** Before the first event of a chain. */
export const FIRST_HASH: Buffer = Buffer.alloc(32);

/** One thing that something was done to. */
export interface RecordedSubject {
  readonly type: string;
  readonly id: string;
}

/** An event as its record says it. What does not apply is left out. Nothing in it is of a person: it stays for ever. */
export interface RecordContent {
  readonly id: string;
  /** null: in no tenant. */
  readonly tenant: TenantId | string | null;
  /** ISO 8601, in milliseconds. */
  readonly at: string;
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly kind: string; readonly id: string | null };
  /** The person whose rights were used, where the actor acted for them. */
  readonly onBehalfOf?: string;
  readonly session?: string;
  readonly request?: string;
  readonly reason?: string;
  readonly subject?: RecordedSubject;
  readonly subjects?: readonly RecordedSubject[];
  readonly details?: Readonly<Record<string, unknown>>;
  /** `personalHash` of what is kept apart. */
  readonly personal?: string;
}

/** Canonical JSON (RFC 8785): the text the chain is made of. */
export const recordText = (content: RecordContent): string => canonicalize(content)!;

/** SHA-256 of the hash before and the record. */
export const nextHash = (before: Buffer, record: string): Buffer =>
  createHash('sha256').update(before).update(record).digest();

/** What the record says of personal data: hexadecimal SHA-256 of the salt and their canonical JSON. */
export const personalHash = (salt: Buffer, data: object): string =>
  createHash('sha256').update(salt).update(canonicalize(data)!).digest('hex');
