#!/usr/bin/env node
import { main } from './cli/main.ts';

// Only the doctor reads the daemon's configuration, and reading it takes the longest of all to load.
process.exitCode = await main(process.argv.slice(2), async (surroundings) => {
  const { readConfig } = await import('./config.ts');
  return readConfig(surroundings);
});
