import { Command } from 'commander';
import type { Context } from './context.ts';

/** `berth token` */
export function tokenCommand({ terminal, signal, connection }: Context): Command {
  return new Command('token')
    .description('Print a token for the API (needs the Unix socket or an admin token)')
    .option('--sub <user>', 'the id of the user that it is for (default: yourself)')
    .option('--admin', "may see and change everyone's containers")
    .option('--ttl <duration>', 'how long it holds, such as 24h', '24h')
    .action(async ({ sub, admin, ttl }: { sub?: string; admin?: true; ttl: string }) => {
      const request = { ttl, ...(sub !== undefined && { sub }), ...(admin && { roles: ['ADMIN'] }) };
      terminal.print((await connection().client.issueToken(request, { signal })).token);
    });
}
