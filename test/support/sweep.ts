// Run, detached, by a test run that is cut short: cleans up after it once its process (the argument) is gone.
import { setTimeout } from 'node:timers/promises';
import { sweepLeftovers } from './leftovers.ts';

const deadline = Date.now() + 30_000;
while (process.ppid === Number(process.argv[2]) && Date.now() < deadline) await setTimeout(50);
await sweepLeftovers();
