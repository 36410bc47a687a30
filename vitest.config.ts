import { defineConfig } from 'vitest/config';
import { LongFirst } from './test/support/long-first.ts';
import { SkipBanner } from './test/support/skip-banner.ts';

const report = process.env.BERTH_TEST_REPORT;

// Two cores: two test files at a time, each in a process of its own, beside one engine and one registry for all.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    // .ci/run counts from the report.
    reporters: ['default', new SkipBanner(), ...(report === undefined ? [] : ['json'])],
    outputFile: report === undefined ? {} : { json: report },
    testTimeout: 60_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
  },
});
