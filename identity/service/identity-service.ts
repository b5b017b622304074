import type { PublicJwk } from '@inevitable/contract';
import type { FlowDeps } from './flows/flow-deps.js';

/** What identity's GraphQL and HTTP sides are made of. */
export interface IdentityService {
  readonly flows: FlowDeps;
  /** What access tokens are verified with. */
  publishedKeys(): Promise<readonly PublicJwk[]>;
  /** What archives are verified with, however old. */
  publishedArchiveKeys(): Promise<readonly PublicJwk[]>;
  /** What context tokens of gateways are verified with. */
  liveContextKeys(): Promise<readonly PublicJwk[]>;
  /** `iss` of every token. */
  readonly issuer: string;
  /** Where clients reach the stack now; differs from `issuer` when the stack has moved. */
  readonly publicUrl: string;
}
