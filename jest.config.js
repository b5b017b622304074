/** Unit tests sit beside their file; tests/ holds what crosses parts and drives real servers. */
const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/tests/bench/'],
  modulePathIgnorePatterns: ['/dist/.*/package.json'],
};

export default {
  testTimeout: 60_000,
  projects: [
    {
      ...shared,
      displayName: 'unit',
      roots: ['<rootDir>/identity', '<rootDir>/subgraphs', '<rootDir>/gateway', '<rootDir>/scripts'],
    },
  ],
};
