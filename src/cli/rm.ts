import { Command } from 'commander';
import { findContainer, shortId } from './container-name.ts';
import type { Context } from './context.ts';
import { CommandFailed } from './errors.ts';
import { inert } from './terminal.ts';

/** `berth rm` */
export function rmCommand({ terminal, signal, connection }: Context): Command {
  return new Command('rm')
    .description('Remove containers, their revisions, logs and URLs; their volumes stay')
    .argument('<container...>', 'name, id, or beginning of an id')
    .action(async (wanted: readonly string[]) => {
      const { client } = connection();
      const unknown: string[] = [];
      const kept = new Set<string>();
      for (const text of wanted) {
        try {
          const { id, name, volumes } = await findContainer(client, text, signal);
          await client.deleteContainer(id, { signal });
          terminal.print(`${inert(name)} ${shortId(id)} removed`);
          for (const volume of volumes) kept.add(volume.name);
        } catch (error) {
          // One that can't be told is no reason to keep the others.
          if (!(error instanceof CommandFailed)) throw error;
          unknown.push(error.message);
        }
      }
      if (kept.size > 0) terminal.note(inert(volumesStay([...kept])));
      if (unknown.length > 0) throw new CommandFailed(unknown.join('\n'));
    });
}

/** berth deletes no volume. The label is one that it puts on each. */
function volumesStay(names: readonly string[]): string {
  const which = names.length === 1 ? `The volume ${names[0]} stays` : `The volumes ${names.join(', ')} stay`;
  return `${which}. List: docker volume ls --filter label=berth.owner. Delete one: docker volume rm VOLUME`;
}
