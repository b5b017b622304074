/**
 * What a token names and can lose: every one of these is a claim of it, but for `signingKey`, the `kid` of its header. Who
 * has a signing key can write any claim, so its withdrawal ends every token it signed, whenever it says it was issued.
 */
export type RevocationSubject = 'session' | 'user' | 'tenant' | 'membership' | 'apiKey' | 'entitlements' | 'signingKey';

export interface Revocation {
  /** Grows by commit order. A token issued at feed position n ignores every revocation up to n. */
  readonly sequence: number;
  readonly subject: RevocationSubject;
  /** The subject's id; of a membership `<tenant id>/<user id>`. */
  readonly id: string;
}

export interface RevocationPage {
  /** Ask again from here. */
  readonly sequence: number;
  readonly revocations: readonly Revocation[];
}

export interface RevocationFeed {
  /** A long poll: answers at once when something is newer than `sequence`, else after `waitMs` with nothing. */
  since(sequence: number, waitMs: number, signal: AbortSignal): Promise<RevocationPage>;
}
