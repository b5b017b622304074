import type { DeploymentContext, Permission, SecurityEventSink, SessionId } from '@inevitable/contract';
import type { ProductContext } from '@inevitable/kit';
import type { FileStore, RefusalLimit } from '@inevitable/kit/host';
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
  /** Every product that keeps something of tenants, but for identity itself. */
  readonly products: () => readonly string[];
  /** Where archives wait to be fetched. */
  readonly files: FileStore;
  /** How many refusals the audit keeps. */
  readonly refusals: RefusalLimit;
  readonly securityEvent: SecurityEventSink;
  readonly log: Logger;
}
