import { defineConfig } from 'vitest/config';
import { SkipBanner } from '../support/skip-banner.ts';

// Not named *.test.ts: npm test leaves these out. One file at a time: they share the machine's cards.
export default defineConfig({
  test: {
    include: ['test/real-gpu/*.gpu.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['default', new SkipBanner()],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
  },
});
