import { join } from 'node:path';
import type { SecurityEventSink } from '@inevitable/contract';
import { RATE_FEATURES } from '@inevitable/gateway/rate-features';
import type { SubgraphDeclaration } from '@inevitable/kit';
import { identityDatabase, openIdentity, type Identity } from '@inevitable/identity';
import type { FileStore } from '@inevitable/kit/host';
import type { Logger } from 'pino';
import { BadSetting, type Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import { randomSecret, replaceSecretFile, secretFile } from './data-directory.js';
import type { Databases, PreparedDatabase } from './databases.js';
import { publicHalf, serviceCredentials } from './service-credentials.js';

export interface IdentityParts {
  readonly identity: Identity;
  readonly database: PreparedDatabase;
}

/** The services that ask identity, each with a credential of its own. */
export const servicesOf = (products: readonly { readonly name: string }[]): readonly string[] => [
  'gateway',
  'operations',
  'worker',
  ...products.map(({ name }) => name),
];

/** Opens core-identity on its database, with the products' permissions and every service's public key. */
export async function openIdentityParts(
  settings: Settings,
  databases: Databases,
  products: readonly SubgraphDeclaration[],
  publicUrl: string,
  files: FileStore,
  closers: Closers,
  log: Logger,
  securityEvent?: SecurityEventSink,
): Promise<IdentityParts> {
  const encryptionSecret = await encryptionSecretOf(settings);
  const database = await databases.prepare(identityDatabase);
  const credentials = await serviceCredentials(settings.dataDir, servicesOf(products));
  const identity = await openIdentity({
    systemUrl: database.systemUrl,
    publicUrl,
    encryptionSecret,
    ...declaredToIdentity(products),
    services: [...credentials.values()].map(publicHalf),
    deployment: settings.deployment,
    smtp: settings.smtp ?? null,
    files,
    securityEvent,
    log,
  });
  closers.add('identity', () => identity.close());
  return { identity, database };
}

/** Asked for here and not of every part, so that no other one needs to have it. Throws `BadSetting`. */
function encryptionSecretOf({ secret, deployment, dataDir }: Settings): string | Promise<string> {
  if (secret === undefined && deployment === 'customer')
    throw new BadSetting(
      'STACK_SECRET must be set where DEPLOYMENT_CONTEXT is "customer": it encrypts the signing keys. Give 32 random characters or more, such as those of: openssl rand -base64 32.',
    );
  return secret ?? secretFile(join(dataDir, 'secret'), randomSecret);
}

/** What core-identity knows of the products and of the gateway. */
export const declaredToIdentity = (products: readonly SubgraphDeclaration[]): Parameters<Identity['redeclare']>[0] => ({
  permissions: products.flatMap(({ permissions }) => permissions ?? []),
  features: Object.assign({}, RATE_FEATURES, ...products.map(({ features }) => features)),
  // Operations has an outbox, in which tenants' records wait for a day.
  products: ['operations', ...products.filter(({ database }) => database).map(({ name }) => name)],
});

/** Who is there in development, all with one password; core-identity makes them. */
export const DEMO_USERS = [
  { email: 'ada@acme.test', is: 'owner' },
  { email: 'bob@acme.test', is: 'member' },
  { email: 'gus@globex.test', is: 'owner' },
  { email: 'root@platform.test', is: 'platform admin' },
] as const;

export interface DemoPassword {
  /** null: it is in the file, and was told when it was made. */
  readonly toTell: string | null;
  readonly file: string;
}

/** Demo users with the given password, else one generated at the first start and kept in the data directory. */
export async function seedDemo(settings: Settings, identity: Identity): Promise<DemoPassword> {
  const file = join(settings.dataDir, 'demo-password');
  if (settings.demoPassword) {
    await replaceSecretFile(file, settings.demoPassword);
    await identity.seedDemo(settings.demoPassword);
    return { toTell: null, file };
  }
  let made: string | null = null;
  const password = await secretFile(file, () => (made = randomSecret().slice(0, 20)));
  await identity.seedDemo(password);
  return { toTell: made, file };
}
