/** A public key as JWK (RFC 7517), restricted to what we issue: EC P-256 for ES256. */
export interface PublicJwk {
  readonly kid: string;
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly alg: 'ES256';
  readonly use: 'sig';
}

export interface VerificationSettings {
  /** `iss` of every access token. */
  readonly issuer: string;
  readonly keys: readonly PublicJwk[];
}

/** What a gateway needs of identity to verify tokens and to be believed by subgraphs. */
export interface TokenVerificationPort {
  settings(): Promise<VerificationSettings>;
  /** Publishes the public half of a gateway's context key; repeat it before `ttlSeconds` is over. */
  registerContextKey(key: PublicJwk, ttlSeconds: number): Promise<void>;
}
