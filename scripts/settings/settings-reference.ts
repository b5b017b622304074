import { SETTING_GROUPS } from './environment.js';
import { PRODUCT_GROUP } from './environment/of-one-product.js';
import { references, type SettingGroup } from './environment/setting.js';

const COLUMNS = ['variable', 'default', 'read by', 'meaning', 'example'];

/** The settings as docs/operations.md has them: a table of each group, below headings of the third level. */
export function settingsReference(): string {
  return SETTING_GROUPS.map(({ title, settings, note }) =>
    [`### ${title}`, tableOf(settings), ...(note === undefined ? [] : [note])].join('\n\n'),
  ).join('\n\n');
}

function tableOf(settings: SettingGroup['settings']): string {
  const rows = Object.entries(settings).map(([name, schema]) => {
    const reference = references.get(schema);
    if (!reference) throw new Error(`The setting ${name} says nothing of itself.`);
    const { readBy, meaning, example, unset } = reference;
    const first = settings === PRODUCT_GROUP.settings ? name.replace('<NAME>', 'STARTER') : name;
    return [`\`${name}\``, unset ?? defaultOf(schema), readBy, meaning, `\`${first}=${example}\``];
  });
  return aligned([COLUMNS, ...rows]);
}

function defaultOf(schema: SettingGroup['settings'][string]): string {
  const { data } = schema.safeParse(undefined);
  return data === undefined ? 'none' : `\`${String(data)}\``;
}

/** As Prettier sets a table. */
function aligned([head, ...rows]: readonly (readonly string[])[]): string {
  const widths = head!.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const padded = (cells: readonly string[]): string => line(cells.map((cell, column) => cell.padEnd(widths[column]!)));
  return [padded(head!), line(widths.map((width) => '-'.repeat(width))), ...rows.map(padded)].join('\n');
}

/** Between these two lines of docs/operations.md. */
const BEGIN = '<!-- settings: made by scripts/bin/settings-reference.js from scripts/settings/environment.ts -->';
const END = '<!-- settings: end -->';

/** The page with the settings as they are now. Throws where it has no place for them. */
export function withSettingsReference(page: string): string {
  const [before, rest] = page.split(`${BEGIN}\n`);
  const [, after] = rest?.split(`${END}\n`) ?? [];
  if (after === undefined) throw new Error(`The page lacks one of the lines "${BEGIN}" and "${END}".`);
  return `${before}${BEGIN}\n\n${settingsReference()}\n\n${END}\n${after}`;
}
