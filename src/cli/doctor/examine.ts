import { messageOf } from '../../domain/errors.ts';
import { type Environment, isSystemSocket, socketPath } from '../connection.ts';
import type { DaemonSettings, ReadSettings } from '../daemon-settings.ts';
import { checkApiPort, checkSocket } from './berthd.ts';
import { checkDisk } from './disk.ts';
import { checkEngine } from './engine.ts';
import { type Finding, problem, warning } from './finding.ts';
import { checkGateway } from './gateway.ts';
import { checkNames } from './names.ts';
import { checkNvidia } from './nvidia.ts';

/** Long enough for a busy engine's /info, short enough for a person who waits. */
const DEADLINE_MS = 15_000;

const NO_FILE = ['--config', '/dev/null'];

/** Looks at everything that berth needs on this machine, whether berthd runs or not. Each check has a deadline. */
export async function examine(
  environment: Environment,
  readSettings: ReadSettings,
  interrupted: AbortSignal,
): Promise<Finding[]> {
  const { config, findings } = await configuration(environment, readSettings);
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(DEADLINE_MS)]);
  const gateways = config.gatewayListen === null ? defaultGateways() : [config.gatewayListen];

  const engine = checkEngine(config.dockerHost, environment.root, signal);
  const nvidia = engine.then(({ facts }) =>
    checkNvidia(config.nvidiaSmi, facts, environment.variables.PATH ?? '', signal),
  );
  const checks = await Promise.all([
    engine.then(({ finding }) => finding),
    checkSocket(environment.variables.BERTH_SOCKET ? config.socket : socketPath(environment), signal),
    checkApiPort(config.apiListen, signal),
    checkGateway(gateways, signal),
    checkNames(config.domain, gateways[0]?.port ?? 80),
    nvidia,
    engine.then(({ facts }) => checkDisks(config, facts?.rootDir ?? null)),
  ]);
  return [...findings, ...checks.flat()];
}

function defaultGateways() {
  return [80, 8080].map((port) => ({ host: '127.0.0.1', port }));
}

async function checkDisks({ dataDir }: DaemonSettings, dockerRoot: string | null): Promise<Finding[]> {
  const own = checkDisk("berth's disk", dataDir, `Make room on the file system of ${dataDir}.`);
  if (dockerRoot === null) return [await own];
  const images = checkDisk(
    "Docker's disk",
    dockerRoot,
    'Remove images that nothing uses: docker image prune -a.',
  );
  return Promise.all([images, own]);
}

/** The daemon's configuration as this user sees it; the defaults and the environment where it can't be read. */
async function configuration(
  environment: Environment,
  readSettings: ReadSettings,
): Promise<{ config: DaemonSettings; findings: Finding[] }> {
  const { variables, root, home } = environment;
  // The system's berthd runs as root, whoever asks.
  const asBerthd = root || isSystemSocket(socketPath(environment));
  const surroundings = { env: variables, root: asBerthd, home };
  try {
    return { config: await readSettings({ ...surroundings, args: [] }), findings: [] };
  } catch (error) {
    const seen = messageOf(error);
    const finding = /EACCES|permission denied/i.test(seen)
      ? warning('configuration', seen, 'Look with root: sudo berth doctor. Below, the defaults are assumed.')
      : problem(
          'configuration',
          seen,
          'Mend it, then: systemctl restart berthd. Below, the defaults are assumed.',
        );
    return {
      config: await readSettings({ args: NO_FILE, env: {}, root: asBerthd, home }),
      findings: [finding],
    };
  }
}
