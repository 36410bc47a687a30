import { EngineError } from './engine.ts';
import { explainGpuRefusal } from './gpu-refusal.ts';
import { explainRefusal, type Refusal, shortened } from './refusal.ts';

// "…: exec: \"serve\": executable file not found in $PATH: unknown", "…: exec /bin/serve: exec format error"
const PROGRAM = /exec:? (?:"([^"]*)"|([^\s:"]+)): (.*)$/;

/** What it means that an instance could not be started (`POST /containers/{id}/start`). */
export function explainStart(refusal: Refusal): EngineError {
  const gpus = explainGpuRefusal(refusal);
  if (gpus !== undefined) return gpus;
  const message = shortened(refusal.message);
  const cannot = (reason: string) => new EngineError('cannot-start', reason, refusal);
  if (/address already in use/i.test(message) && !/external connectivity/i.test(message)) {
    return new EngineError('address-taken', "another instance has the address on berth's network", refusal);
  }
  const program = PROGRAM.exec(message);
  if (program !== null) return cannot(programReason(program[1] ?? program[2] ?? '', program[3] ?? ''));
  if (/exec format error/i.test(message)) return cannot('the program is not built for this kind of machine');
  if (/unable to find (user|group)|no matching entries in (passwd|group)/i.test(message)) {
    return cannot('the user that the image names does not exist in it');
  }
  if (/chdir to cwd/i.test(message))
    return cannot('the working directory that the image names can not be entered');
  if (/init was OOM-killed|memory limit too low|cannot allocate memory/i.test(message)) {
    return cannot('the container has too little ram to start');
  }
  if (/not (a )?directory|error mounting/i.test(message)) {
    return cannot('a volume can not be mounted at its path: the image has a file there');
  }
  if (/network .* not found/i.test(message)) {
    return new EngineError('refused', "berth's Docker network is gone and has to be made again", refusal);
  }
  return explainRefusal(refusal);
}

function programReason(program: string, cause: string): string {
  const name = program.slice(0, 200);
  if (/executable file not found|no such file or directory/i.test(cause)) {
    return `the command "${name}" does not exist in the image`;
  }
  if (/permission denied/i.test(cause)) return `the command "${name}" is not executable, or may not be run`;
  if (/is a directory/i.test(cause)) return `the command "${name}" is a directory`;
  if (/exec format error/i.test(cause)) return `the command "${name}" is not built for this kind of machine`;
  return `the command "${name}" can not be run`;
}

/** What it means that an instance could not be made (`POST /containers/create`). Never quotes what the engine says of the environment. */
export function explainCreate(refusal: Refusal): EngineError {
  if (/no command specified/i.test(refusal.message)) {
    return new EngineError('cannot-start', 'the image names no command: give one with "command"', refusal);
  }
  if (refusal.status === 404 && /no such image/i.test(refusal.message)) {
    return new EngineError('gone', 'the image is not on this machine any more', refusal);
  }
  if (/environment variable/i.test(refusal.message)) {
    return new EngineError('cannot-start', 'the engine does not take the environment variables');
  }
  return explainRefusal(refusal);
}
