import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * The path to a script of this program through the folder that the program was started from. Node resolves the links in
 * import.meta.url; left as they are, they lead to the code that is installed when a process starts from it.
 *
 * @param script as import.meta.url has it
 * @param started what this process was started with, as process.argv[1] has it
 */
export function entryPath(script: string, started: string | undefined): string {
  if (started === undefined) return script;
  try {
    const beside = join(dirname(withoutFileLinks(started)), basename(script));
    return realpathSync(beside) === realpathSync(script) ? beside : script;
  } catch {
    // Started from elsewhere, as a test runner is: no such script there.
    return script;
  }
}

/** A command in a folder of the PATH is a link to the file, whose own folder is the one looked for. */
function withoutFileLinks(path: string): string {
  const seen = new Set<string>();
  let file = path;
  while (!seen.has(file) && lstatSync(file).isSymbolicLink()) {
    seen.add(file);
    file = resolve(dirname(file), readlinkSync(file));
  }
  return file;
}
