import type { RecordedUsage, SchemaRegistry } from '@inevitable/contract';
import { openSchemaRegistry, openUsageStore, operationsDatabase } from '@inevitable/operations';
import { graphqlRegistry, RegistryUnavailable } from '@inevitable/toolchain';
import type { CommandWorld } from '../../commands/command.js';
import { Closers } from '../closers.js';
import { openDataDirectory } from '../data-directory.js';
import { openDatabases } from '../databases.js';
import { openLog } from '../open-log.js';

export interface OpenRegistry {
  readonly registry: SchemaRegistry;
  /** What gateways recorded. */
  readonly usage: RecordedUsage;
  close(): Promise<void>;
}

/**
 * What was published, for a command: that of the stack at `url`, as the platform administrator of STACK_TOKEN; without
 * `url` that of the operator's own database. Throws `RegistryUnavailable`, and what opening a data directory and a database throws.
 */
export async function openRegistry(world: CommandWorld, url: string | undefined): Promise<OpenRegistry> {
  const settings = world.settings();
  if (url !== undefined) {
    // A command's line is read by others on the machine, and kept: neither may the sentence repeat it.
    if (hasCredentials(url))
      throw new RegistryUnavailable('--registry takes no user name or password in its URL: STACK_TOKEN says who asks.');
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new RegistryUnavailable(`--registry "${url}" is not an http or https URL.`);
    if (settings.token === undefined)
      throw new RegistryUnavailable(
        '--registry needs STACK_TOKEN: an access token of a platform administrator, as "stack token --user <login>" prints it.',
      );
    const registry = graphqlRegistry(url, settings.token);
    return { registry, usage: registry, close: () => Promise.resolve() };
  }
  const closers = new Closers();
  try {
    // Not openPlaces: what was published can be read where no supergraph.yaml is.
    await openDataDirectory(settings.dataDir);
    const databases = openDatabases(settings, (line) => world.complain(`  ${line}\n`));
    closers.add('database', () => databases.close());
    const { systemUrl } = await databases.prepare(operationsDatabase);
    const log = openLog(settings.logLevel);
    const registry = openSchemaRegistry(systemUrl, log, 'machine');
    closers.add('schema registry', () => registry.close());
    const usage = openUsageStore(systemUrl, log);
    closers.add('usage store', () => usage.close());
    return { registry, usage, close: async () => void (await closers.closeAll()) };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

/** Of what is no URL, an @ is enough. */
function hasCredentials(text: string): boolean {
  if (!URL.canParse(text)) return text.includes('@');
  const { username, password, protocol } = new URL(text);
  return username !== '' || password !== '' || (!/^https?:$/.test(protocol) && text.includes('@'));
}
