import type { SupergraphConfig } from '@inevitable/gateway';
import type { Identity } from '@inevitable/identity';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { securityEvents, type FileStore } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import type { CommandWorld } from '../commands/command.js';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import type { Databases } from './databases.js';
import { openFileStore } from './file-store.js';
import { openIdentityParts } from './identity.js';
import { openedWhenUsed } from './opened-when-used.js';
import { openLog } from './open-log.js';
import { openPlaces } from './open-places.js';
import { loadProducts } from './products.js';
import { DEFAULT_PUBLIC_URL } from './public-url.js';
import { securityLogOf } from './security-log.js';

export interface OperatorSide {
  readonly settings: Settings;
  readonly config: SupergraphConfig;
  readonly databases: Databases;
  readonly products: readonly SubgraphDeclaration[];
  readonly identity: Identity;
  readonly files: FileStore;
  readonly log: Logger;
}

/** What a command opens that an operator runs at the machine: core-identity, with its data directory and its database. */
export async function openForOperator(world: CommandWorld, closers: Closers): Promise<OperatorSide> {
  const settings = world.settings();
  const { config, databases } = await openPlaces(settings, (line) => world.complain(`  ${line}\n`), closers);
  const products = await loadProducts(settings, config);
  const log = openLog(settings.logLevel);
  const publicUrl = settings.publicUrl ?? DEFAULT_PUBLIC_URL;
  // No mail server: a command only writes mails down, and works while that server is gone.
  const withoutMail = { ...settings, smtp: undefined };
  const files = openedWhenUsed(async () => (await openFileStore(settings, closers)).files);
  const securityEvent = securityEvents(securityLogOf(settings, log));
  const { identity } = await openIdentityParts(
    withoutMail,
    databases,
    products,
    publicUrl,
    files,
    closers,
    log,
    securityEvent,
  );
  return { settings, config, databases, products, identity, files, log };
}
