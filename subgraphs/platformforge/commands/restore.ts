import { BadUserInput, defineCommand } from '@inevitable/kit';
import { listBackups } from '../domain/upkeep/back-up.js';
import { restoreBackup } from '../domain/upkeep/restore-backup.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Puts back what `platformforge.back-up` keeps of a tenant. */
export const restore = defineCommand<PrismaClient>({
  name: 'restore',
  description:
    "Puts back a tenant's PlatformForge settings and templates that are missing or differ from a backup; what is replaced is backed up first.",
  options: {
    '--backup <key>': 'the backup, as --list names it; the latest unless told',
    '--list': 'lists the backups of the tenant, the latest first',
    '--dry-run': 'says what would be done, and changes nothing',
  },
  examples: [
    'stack platformforge restore --tenant acme --list',
    'stack platformforge restore --tenant acme --dry-run',
    'stack platformforge restore --tenant acme --backup backups/20261115t030000z-019a85b1-7a80-7000-8000-000000000000.json.gz',
  ],
  async run(run) {
    const { options, files, print } = run;
    const backups = (await listBackups(files)).toReversed();
    if (options['list']) {
      for (const { key, sizeBytes } of backups) print(`${key}  ${sizeBytes} bytes`);
      if (!backups.length) print('There is no backup of this tenant.');
      return;
    }
    const key = options['backup'] ?? backups[0]?.key;
    if (typeof key !== 'string') throw new BadUserInput('There is no backup of this tenant.', 'backup');
    await restoreBackup(key, options['dryRun'] === true, run);
  },
});
