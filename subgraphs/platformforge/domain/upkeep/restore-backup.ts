import { Conflict, newId, type CommandRun, type UserId } from '@inevitable/kit';
import { stackTemplates } from '../../rendering/stack-templates.js';
import type { PrismaClient } from '../../generated/prisma/client.js';
import { backUp } from './back-up.js';
import { writeSettings } from '../settings/platform-settings.js';
import { readBackup, type ReadBackup, type ReadTemplate } from './read-backup.js';
import { MOST_TEMPLATES, uploadTemplate } from '../templates/upload-template.js';

export type RestoreDeps = Pick<CommandRun<PrismaClient>, 'db' | 'transaction' | 'files' | 'print'>;

/** What stands between now and the backup. */
interface Difference {
  /** For the operator: what of, and how it differs. */
  readonly what: string;
  /** Putting it back ends something that is there. */
  readonly replaces: boolean;
  /** null: it is left as it is. */
  readonly putBack: (() => Promise<unknown>) | null;
}

/**
 * Puts back the settings and templates of a backup that are missing or differ, and prints a line for each. What is not in
 * the backup stays; what is replaced is backed up first. Throws `BadUserInput`, `NotFound` and `Conflict` before anything
 * is changed. Begun again, it does what is left to do.
 */
export async function restoreBackup(key: string, isDry: boolean, deps: RestoreDeps): Promise<void> {
  const { db, files, print } = deps;
  const backup = await readBackup(key, files);
  print(`${key}, made at ${backup.madeAt}${isDry ? ': what would be done' : ''}`);
  const differences = [await settingsDifference(backup, deps), ...(await templateDifferences(backup, deps))];

  if (!isDry && differences.some(({ replaces }) => replaces)) {
    const { signal } = new AbortController();
    const warn = (message: string, facts = {}): void => print(`${message} ${JSON.stringify(facts)}`);
    print(`what is there now is kept in ${await backUp(newId(), { db, files, signal, log: { warn } })}`);
  }
  for (const { what, putBack } of differences) {
    if (!isDry) await putBack?.();
    print(what);
  }
}

async function settingsDifference({ settings }: ReadBackup, { db }: RestoreDeps): Promise<Difference> {
  const leave = (what: string): Difference => ({ what, replaces: false, putBack: null });
  if (!settings) return leave('settings: none in the backup, left as they are');
  const now = await db.setting.findFirst();
  if (now?.keepDays === settings.keepDays) return leave('settings: as in the backup');
  return {
    what: `settings: keepDays ${now ? `was ${now.keepDays}` : 'was not set'}, put back to ${settings.keepDays}`,
    replaces: now !== null,
    putBack: () => writeSettings(db, settings),
  };
}

/** Throws `Conflict` where there would be more templates than a tenant may have. */
async function templateDifferences({ templates }: ReadBackup, deps: RestoreDeps): Promise<readonly Difference[]> {
  const [rows, ofTheStack] = await Promise.all([
    deps.db.template.findMany({ select: { name: true, sha256: true }, orderBy: { name: 'asc' } }),
    stackTemplates(),
  ]);
  const present = new Map(rows.map(({ name, sha256 }) => [name, sha256]));
  const backedUp = new Set(templates.map(({ name }) => name));
  const after = new Set([...present.keys(), ...[...backedUp].filter((name) => !ofTheStack.has(name))]).size;
  if (after > MOST_TEMPLATES)
    throw new Conflict(
      `There would be ${after} templates, and a tenant has at most ${MOST_TEMPLATES}: delete some first.`,
    );
  return [
    ...templates.map((template) => templateDifference(template, present, ofTheStack, deps)),
    ...rows
      .filter(({ name }) => !backedUp.has(name))
      .map(({ name }) => ({
        what: `template "${name}": not in the backup, left as it is`,
        replaces: false,
        putBack: null,
      })),
  ];
}

function templateDifference(
  { name, contentSha256, createdBy, archive }: ReadTemplate,
  present: ReadonlyMap<string, string>,
  ofTheStack: { has(name: string): boolean },
  { files, transaction }: RestoreDeps,
): Difference {
  const of = `template "${name}":`;
  const leave = (what: string): Difference => ({ what: `${of} ${what}`, replaces: false, putBack: null });
  if (ofTheStack.has(name)) return leave("not put back, one of the stack's own has this name now");
  if (present.get(name) === contentSha256) return leave('as in the backup');
  const isMissing = !present.has(name);
  return {
    what: `${of} ${isMissing ? 'was missing' : 'was another version'}, put back`,
    replaces: !isMissing,
    putBack: () => uploadTemplate({ files, transaction }, archive, createdBy as UserId),
  };
}
