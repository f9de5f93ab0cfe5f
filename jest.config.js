import { availableParallelism } from 'node:os';

/** What takes long and says again, in another way, what a shorter suite says: `npm run test:long` runs these. */
const longSuites = '**/*.long.spec.ts';
const isLong = process.env.VOUCHSAFE_TEST_LONG !== undefined;

/** Every suite of the workspace; `npm test -- PATTERN` runs those whose path matches. */
export default {
  rootDir: '.',
  roots: ['<rootDir>/libs', '<rootDir>/services', '<rootDir>/tests', '<rootDir>/tools'],
  testMatch: isLong ? [longSuites] : ['**/*.spec.ts', `!${longSuites}`],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { sourceMaps: 'inline' }] },
  testTimeout: 60_000,
  // Suites wait for processes and disks a third of their time: two cores carry three.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  // Node keeps what a suite has loaded as modules: a worker that has grown is replaced by a new one.
  workerIdleMemoryLimit: '1GB',
};
