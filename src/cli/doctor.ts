import { Command } from 'commander';
import type { Context } from './context.ts';
import type { Finding, State } from './doctor/finding.ts';
import { CommandFailed } from './errors.ts';
import { type Colour, inert, type Terminal } from './terminal.ts';

const COLOURS = { ok: 'green', warning: 'yellow', problem: 'red' } as const satisfies Record<State, Colour>;
const STATE_WIDTH = 'problem'.length;

/** `berth doctor` */
export function doctorCommand({ terminal, environment, readSettings, signal }: Context): Command {
  return new Command('doctor')
    .description('Look at everything that berth needs on this machine, and say how to mend it')
    .option('--json', 'print the findings as a JSON list')
    .addHelpText('after', '\nExits with 0 where there is no problem (warnings are none), else with 1.')
    .action(async ({ json }: { json?: true }) => {
      // What it needs takes longer to load than any other verb takes to run.
      const { examine } = await import('./doctor/examine.ts');
      const findings = await examine(environment, readSettings, signal);
      if (json) terminal.print(JSON.stringify(findings, null, 2));
      else for (const finding of findings) show(finding, terminal);
      const problems = findings.filter(({ state }) => state === 'problem').length;
      if (problems > 0) throw new CommandFailed(problems === 1 ? '1 problem' : `${problems} problems`);
    });
}

function show({ about, state, seen, mend }: Finding, terminal: Terminal): void {
  terminal.print(`${terminal.paint(COLOURS[state], state.padEnd(STATE_WIDTH))}  ${about}: ${inert(seen)}`);
  if (mend !== null) terminal.print(`${' '.repeat(STATE_WIDTH)}    ${inert(mend)}`);
}
