/** What needs a server that speaks MongoDB's protocol: `npm run test:mongodb` only, beside the file all the same. */
const onMongo = '\\.mongodb\\.test\\.ts$';

const notTests = ['/node_modules/', '/dist/', '/tests/bench/'];

/** Unit tests sit beside their file; tests/ holds what crosses parts and drives real servers. */
const shared = {
  testEnvironment: '<rootDir>/tests/support/test-environment.js',
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  // TypeScript's imports name the file that will be: '.js'.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1', '^fast-check$': '<rootDir>/tests/support/fast-check.js' },
  testPathIgnorePatterns: [...notTests, onMongo],
  modulePathIgnorePatterns: ['/dist/.*/package.json'],
};

/** Minutes of random operations, servers that are killed, leases waited out: `npm run test:long` only, beside the file all the same. */
const long = '\\.(long|faults)\\.test\\.ts$';

/** The behaviour suite is one, and holds for the stack in one process and for its parts apart. */
const behaviour = (mode, folders) => ({
  ...shared,
  displayName: mode,
  roots: folders.map((folder) => `<rootDir>/tests/${folder}`),
  globals: { STACK_MODE: mode === 'apart' ? 'apart' : 'one-process' },
});

export default {
  // Of a hook, too, in which a stack starts as eight processes beside another one that does.
  testTimeout: 120_000,
  // Most of a behaviour test is waiting for other processes; jest would leave one core of two unused.
  maxWorkers: '100%',
  // A worker keeps some 10 MB of every test file for good; near the heap's limit it does little but look for garbage.
  workerIdleMemoryLimit: '1GB',
  // Agenda leaves a timer of half a lock's lifetime behind every job, and nothing else is waited for.
  forceExit: true,
  globalSetup: './tests/support/start-test-cluster.js',
  globalTeardown: './tests/support/stop-test-cluster.js',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots: ['identity', 'subgraphs', 'gateway', 'toolchain', 'scripts', 'tests/contracts', 'tests/conformance'].map(
        (folder) => `<rootDir>/${folder}`,
      ),
      testPathIgnorePatterns: [...shared.testPathIgnorePatterns, long],
    },
    behaviour('one-process', ['behaviour', 'security']),
    behaviour('apart', ['behaviour']),
    // npm run test:long: what kills, cuts and refuses, and waits for processes to come and go.
    {
      ...behaviour('faults', ['faults']),
      roots: ['tests/faults', 'tests/contracts', 'subgraphs/kit', 'gateway'].map((folder) => `<rootDir>/${folder}`),
      testMatch: ['**/tests/faults/*.test.ts', '**/*.faults.test.ts'],
    },
    // npm run test:services: with servers that are installed on the machine.
    behaviour('services', ['services']),
    // npm run test:mongodb: the job store on MongoDB, its faults too.
    {
      ...behaviour('mongodb', []),
      roots: ['identity', 'subgraphs', 'gateway', 'toolchain', 'scripts', 'tests'].map(
        (folder) => `<rootDir>/${folder}`,
      ),
      testMatch: ['**/*.mongodb.test.ts'],
      testPathIgnorePatterns: notTests,
    },
    // The rest of npm run test:long, alone on the machine: what takes many thousands of operations to show.
    {
      ...behaviour('soak', ['soak', 'conformance']),
      testMatch: ['**/tests/soak/*.test.ts', '**/*.long.test.ts'],
    },
  ],
};
