import { availableParallelism, homedir } from 'node:os';
import { type Listen, readConfig } from '../src/config.ts';
import { messageOf } from '../src/domain/errors.ts';

/** Prints, for the shell, what install.sh has to know of berth.toml. The values were checked: they hold no secret and are quoted. */
function main(): void {
  const config = readConfig({ args: [], env: {}, root: true, home: homedir() });
  const lines = {
    SOCKET: config.socket,
    DATA_DIR: config.dataDir,
    API_ADDRESS: hostPort(config.apiListen),
    GATEWAY_LISTEN: config.gatewayListen === null ? '' : hostPort(config.gatewayListen),
    GATEWAY_WORKERS: String(config.gatewayWorkers ?? Math.max(1, Math.floor(availableParallelism() / 2))),
    DRAIN_TIMEOUT: `${config.drainTimeoutMs}ms`,
  };
  for (const [name, value] of Object.entries(lines)) process.stdout.write(`${name}=${quoted(value)}\n`);
}

function hostPort({ host, port }: Listen): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

try {
  main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
