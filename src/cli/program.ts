import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import type { Context } from './context.ts';
import { doctorCommand } from './doctor.ts';
import { eventsCommand } from './events.ts';
import { gpusCommand } from './gpus.ts';
import { logsCommand } from './logs.ts';
import { lsCommand } from './ls.ts';
import { rmCommand } from './rm.ts';
import { runCommand } from './run.ts';
import { tokenCommand } from './token.ts';
import { userCommand } from './user.ts';

const AFTER_HELP = `
A container is named by its id, the beginning of its id, or its name where that is unique.

Environment:
  BERTH_HOST    URL of berthd's API; without it berth uses the Unix socket
  BERTH_TOKEN   the token for that URL ("berth token" prints one)
  BERTH_SOCKET  path of the Unix socket

Examples:
  berth run nginx:1.28 --name web        deploy, wait, print the URL
  berth run me/llm:1 --gpu-model a100    the same on a GPU; "berth gpus" lists them
  berth logs -f web                      follow what it writes
  berth rm web                           remove it
  berth doctor                           what is wrong with this machine, and how to mend it`;

/** The berth command with its verbs. */
export function buildProgram(context: Context): Command {
  const program = new Command('berth')
    .description('One machine as a container platform: send an image, get a URL.')
    .version(version(), '--version', 'print the version')
    .option('--host <url>', 'berthd to talk to, such as http://127.0.0.1:7070 (default: the Unix socket)')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .addHelpText('after', AFTER_HELP);
  const verbs = [
    runCommand,
    lsCommand,
    logsCommand,
    eventsCommand,
    rmCommand,
    gpusCommand,
    tokenCommand,
    userCommand,
    doctorCommand,
  ];
  for (const verb of verbs) program.addCommand(verb(context));
  for (const command of withSubcommands(program)) strict(command);
  return program;
}

/** Throws in place of exiting, and says what was typed wrong in one line. */
function strict(command: Command): void {
  command.exitOverride().configureOutput({
    outputError(text, write) {
      const line = text
        .replace(/^error: /, '')
        .trim()
        .replaceAll(/\s+/g, ' ')
        .replace(/\.$/, '');
      write(`berth: ${line}; see ${pathOf(command)} --help\n`);
    },
  });
}

/** "berth user add" */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function version(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  return version;
}
