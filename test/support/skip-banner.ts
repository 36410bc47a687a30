import type { Reporter, TestModule } from 'vitest/node';

/** What the one test of a suite that was skipped for want of an engine is called by. */
export const NEEDS_ENGINE = 'needs an engine';

/** Says at the end of a run, where nobody can overlook it, how many test files did not run for want of an engine, and why. */
export class SkipBanner implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const reasons = modules.map((module) => [...module.children.allTests('skipped')].map(reasonOf));
    const files = reasons.filter((reasons) => reasons.some((reason) => reason !== undefined));
    if (files.length === 0) return;
    const said = [...new Set(files.flat())].filter((reason) => reason !== undefined);
    // After the reporter before it has written its summary.
    process.once('exit', () => {
      process.stdout.write(
        `\nSKIPPED, engine test files that did not run: ${files.length} (${said.join('; ')})\n`,
      );
    });
  }
}

function reasonOf(test: { name: string }): string | undefined {
  return test.name.startsWith(`${NEEDS_ENGINE}: `) ? test.name.slice(NEEDS_ENGINE.length + 2) : undefined;
}
