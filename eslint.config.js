import { readFileSync } from 'node:fs';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * Direction of imports (CONTRIBUTING.md): contract ← kit ← products, operations, identity; contract ← gateway;
 * contract, kit, gateway ← toolchain.
 * `scripts/` knows everything, and nothing imports `scripts/` or `tests/`.
 */
const { workspaces } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));
const products = workspaces.filter((folder) => folder.startsWith('subgraphs/') && folder !== 'subgraphs/kit');
const mayImport = {
  ...Object.fromEntries(products.map((folder) => [folder, ['kit']])),
  'identity/contract': [],
  'subgraphs/kit': ['contract'],
  'identity/service': ['contract', 'kit'],
  'subgraphs/operations': ['contract', 'kit'],
  gateway: ['contract'],
  toolchain: ['contract', 'kit', 'gateway'],
};

const ownPackages = (folder, allowed) => ({
  regex: `^@inevitable/(?!(${allowed.join('|') || '-'})(/|$))`,
  message: `${folder} may import only: ${allowed.join(', ') || 'nothing of ours'} (CONTRIBUTING.md).`,
});
const byPackageName = {
  regex: '^(\\.\\./)+(identity|subgraphs|gateway|scripts|tests)/',
  message: 'Import another part by its package name.',
};
const noAgenda = { regex: '^(agenda$|@agendajs/)', message: 'Only the runner in the kit knows Agenda: use defineJob.' };

const restrict = (files, ...patterns) => ({ files, rules: { 'no-restricted-imports': ['error', { patterns }] } });

const boundaries = [
  ...Object.entries(mayImport).map(([folder, allowed]) =>
    restrict([`${folder}/**/*.ts`], ownPackages(folder, allowed), byPackageName, noAgenda),
  ),
  restrict(
    ['subgraphs/kit/jobs/runner/agenda-backend.ts', 'subgraphs/kit/jobs/runner/start-job-runner.ts'],
    ownPackages('subgraphs/kit', mayImport['subgraphs/kit']),
    byPackageName,
  ),
  restrict(['scripts/**/*.ts'], { regex: '^(\\.\\./)+tests/', message: 'Nothing imports tests/.' }, noAgenda),
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/',
      '**/generated/',
      '**/node_modules/',
      '**/templates/*/files/',
      'coverage/',
      '.data/',
      '.stack/',
    ],
  },
  js.configs.recommended,
  { files: ['**/*.ts'], extends: [tseslint.configs.strict] },
  {
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', fetch: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
    rules: {
      'no-control-regex': 'off', // text from outside is checked for control characters
      'no-constant-condition': ['error', { checkLoops: false }],
    },
  },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off', // noUncheckedIndexedAccess makes them the honest form of "checked above"
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only entry points read process.env.' },
      ],
    },
  },
  { files: ['tests/**/*.ts', '**/*.test.ts'], rules: { 'no-restricted-properties': 'off' } },
  ...boundaries,
);
