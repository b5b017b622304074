import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { environment, SETTING_GROUPS, SETTING_NAMES } from './environment.js';
import { references } from './environment/setting.js';
import { withSettingsReference } from './settings-reference.js';

const settings = SETTING_GROUPS.flatMap((group) => Object.entries(group.settings));

describe('The reference of settings', () => {
  it('in docs/operations.md is what the schemas say; "node scripts/bin/settings-reference.js" writes it', () => {
    const page = readFileSync('docs/operations.md', 'utf8');
    expect(withSettingsReference(page)).toBe(page);
  });

  it('has every variable that is read, once', () => {
    const names = settings.map(([name]) => name);
    expect(names.filter((name) => !name.startsWith('<NAME>_')).sort()).toEqual(Object.keys(environment.shape).sort());
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(settings)('shows an example of %s that is read', (_name, schema) => {
    const { example } = references.get(schema)!;
    const isShown = /[<…$]/.test(example); // as what to put there
    expect(isShown || schema.safeParse(example).success).toBe(true);
  });

  it('leaves out no variable that code asks the environment for', () => {
    const tracked = execFileSync(
      'git',
      ['ls-files', '--', 'gateway', 'identity', 'scripts', 'subgraphs', 'toolchain'],
      {
        encoding: 'utf8',
      },
    ).split('\n');
    const files = tracked
      .filter((file) => /(?<!\.test)\.[jt]s$/.test(file) && existsSync(file))
      .filter((file) => !/\/(templates|testing|test-support|prepare)\//.test(file));
    const asked = files.flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\benv(?:\.|\[')([A-Z][A-Z_]+)\b/g)].map(([, name]) => name!),
    );
    expect(asked).not.toEqual([]);
    // Of every terminal, of a library, of a test run.
    const itsOwn = ['NO_COLOR', 'APOLLO_TELEMETRY_DISABLED', 'STACK_TEST_MONGODB'];
    expect([...new Set(asked)].filter((name) => !SETTING_NAMES.includes(name) && !itsOwn.includes(name))).toEqual([]);
  });
});
