import type { SupergraphConfig } from '@inevitable/gateway';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';
import { openDataDirectory } from './data-directory.js';
import { assertOneJobStore, openDatabases, type Databases } from './databases.js';
import type { Progress } from './progress.js';
import { readSupergraphConfig } from './supergraph.js';

/** What every part with a database begins with: its data directory, supergraph.yaml, and the way to its databases. */
export interface Places {
  readonly config: SupergraphConfig;
  readonly databases: Databases;
}

/** Throws `BadSetting`, `DataDirectoryUnusable`, `SupergraphUnreadable` or `BadSupergraphConfig`; no database is started yet. */
export async function openPlaces(settings: Settings, report: Progress['line'], closers: Closers): Promise<Places> {
  assertOneJobStore(settings);
  await openDataDirectory(settings.dataDir);
  const config = await readSupergraphConfig(settings.supergraphConfig);
  const databases = openDatabases(settings, report);
  closers.add('database', () => databases.close());
  return { config, databases };
}
