import type { SessionId } from '@inevitable/contract';
import type { ProductContext } from '@inevitable/kit';
import type { Passwords } from '../passwords/passwords.js';
import type { SystemDatabase } from '../store/system-database.js';

/** The stack's logger (pino), as the kit hands it to everyone. */
export type Logger = ProductContext['log'];

/** What every flow works with. */
export interface FlowDeps {
  readonly db: SystemDatabase;
  readonly passwords: Passwords;
  /** null: the session, its person, membership or tenant is over. */
  readonly issueAccessToken: (sessionId: SessionId) => Promise<string | null>;
  readonly log: Logger;
}
