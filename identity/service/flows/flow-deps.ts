import type { DeploymentContext, Permission, SessionId } from '@inevitable/contract';
import type { ProductContext } from '@inevitable/kit';
import type { Passwords } from '../passwords/passwords.js';
import type { Seal } from '../store/seal.js';
import type { SystemDatabase } from '../store/system-database.js';

/** The stack's logger (pino), as the kit hands it to everyone. */
export type Logger = ProductContext['log'];

/** What every flow works with. */
export interface FlowDeps {
  readonly db: SystemDatabase;
  readonly passwords: Passwords;
  /** null: the session, its person, membership or tenant is over. */
  readonly issueAccessToken: (sessionId: SessionId) => Promise<string | null>;
  readonly seal: Seal;
  /** Every permission the products declare now, and identity's own. */
  readonly permissions: () => readonly Permission[];
  /** Where clients reach the stack, without a slash at its end: links in mails begin with it. */
  readonly publicUrl: string;
  readonly deployment: DeploymentContext;
  readonly log: Logger;
}
