import { defineConfig } from 'vitest/config';

// Two cores: two test files at a time, each in a process of its own, beside one engine and one registry for all.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
