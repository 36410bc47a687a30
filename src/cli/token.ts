import { Command, Option } from 'commander';
import type { Context } from './context.ts';

interface TokenOptions {
  readonly user?: string;
  readonly sub?: string;
  readonly admin?: true;
  readonly ttl: string;
}

/** `berth token` */
export function tokenCommand({ terminal, signal, connection }: Context): Command {
  return new Command('token')
    .description('Print a token for the API (needs the Unix socket or an admin token)')
    .option(
      '--user <name>',
      'for a user of "berth user add": the token that they would fetch with their password',
    )
    .addOption(
      new Option('--sub <id>', 'for whoever has this id, any text (default: yourself)').conflicts('user'),
    )
    .option('--admin', "may see and change everyone's containers")
    .option('--ttl <duration>', 'how long it holds, such as 8h', '24h')
    .action(async ({ user, sub, admin, ttl }: TokenOptions) => {
      const whom = { ...(user !== undefined && { user }), ...(sub !== undefined && { sub }) };
      const request = { ...whom, ttl, ...(admin && { roles: ['ADMIN'] }) };
      terminal.print((await connection().client.issueToken(request, { signal })).token);
    });
}
