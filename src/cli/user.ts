import { Command } from 'commander';
import type { Context } from './context.ts';
import { choosePassword, readPassword } from './password.ts';
import { inert } from './terminal.ts';

/** `berth user add` */
export function userCommand({ terminal, signal, connection }: Context): Command {
  const add = new Command('add')
    .description('Add a user who can fetch tokens with a name and a password')
    .argument('<name>', 'what the user logs in with')
    .option('--admin', "may see and change everyone's containers")
    .option('--password-stdin', 'read the password from standard input in place of asking for it')
    .action(async (name: string, options: { admin?: true; passwordStdin?: true }) => {
      const password = options.passwordStdin
        ? await readPassword(terminal.stdin)
        : await choosePassword(terminal, signal);
      const roles = options.admin ? ['ADMIN'] : [];
      const user = await connection().client.addUser({ name, password, roles }, { signal });
      terminal.print(`${inert(user.name)} ${user.id}`);
    });
  return new Command('user')
    .description('Add users, who fetch tokens with a name and a password')
    .addCommand(add);
}
