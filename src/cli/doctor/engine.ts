import { z } from 'zod';
import { type Unreachable, unreachable } from '../../client/problem.ts';
import type { Fetch } from '../../client/transport.ts';
import { fetchOverUnixSocket } from '../../client/unix-socket.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const OLDEST = [20, 10] as const;

const Version = z.object({ Version: z.string(), ApiVersion: z.string() });
const Info = z.object({
  DockerRootDir: z.string(),
  Driver: z.string(),
  Runtimes: z.record(z.string(), z.unknown()).nullish(),
  CDISpecDirs: z.array(z.string()).nullish(),
  DiscoveredDevices: z.array(z.object({ Source: z.string(), ID: z.string() })).nullish(),
});

/** What the other checks want to know of the engine. */
export interface EngineFacts {
  /** Where the engine keeps images and containers. */
  readonly rootDir: string;
  readonly hasNvidiaRuntime: boolean;
  /** Where it looks for descriptions of devices; none where CDI is off, or unknown to it (before Engine 25). */
  readonly cdiFolders: readonly string[];
  /** It says that CDI gives it GPUs, as Engine 28 and newer do. */
  readonly hasCdiGpus: boolean;
}

/** What the engine said of itself, and what to think of it; no facts where it can't be asked. */
export interface EngineCheck {
  readonly finding: Finding;
  readonly facts: EngineFacts | null;
}

/** Asks the Docker Engine (GET /version and /info) at a DOCKER_HOST: unix:///path or tcp://host:port. */
export async function checkEngine(
  dockerHost: string,
  root: boolean,
  signal: AbortSignal,
): Promise<EngineCheck> {
  const api = engineApi(dockerHost);
  if (api === null) {
    const mend = 'Set BERTH_DOCKER_HOST to unix:///path or tcp://host:port.';
    return {
      finding: problem('engine', `"${dockerHost}" is no address that berth can use`, mend),
      facts: null,
    };
  }
  try {
    const version = Version.parse(await api('/version', signal));
    const info = Info.parse(await api('/info', signal));
    return {
      finding: judgeVersion(version.Version, `${info.Driver}, ${dockerHost}`),
      facts: factsOf(info),
    };
  } catch (error) {
    return { finding: noEngine(unreachable(error), dockerHost, root), facts: null };
  }
}

function factsOf(info: z.infer<typeof Info>): EngineFacts {
  const devices = info.DiscoveredDevices ?? [];
  return {
    rootDir: info.DockerRootDir,
    hasNvidiaRuntime: 'nvidia' in (info.Runtimes ?? {}),
    cdiFolders: info.CDISpecDirs ?? [],
    hasCdiGpus: devices.some(({ Source, ID }) => Source === 'cdi' && ID.startsWith('nvidia.com/gpu=')),
  };
}

function judgeVersion(version: string, beside: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const old = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (!old) return ok('engine', `Docker ${version} (${beside})`);
  return problem('engine', `Docker ${version} is too old`, 'Install Docker Engine 20.10 or newer.');
}

function noEngine(error: Unreachable, dockerHost: string, root: boolean): Finding {
  const at = `at ${dockerHost}`;
  switch (error.code) {
    case 'ENOENT':
      return problem(
        'engine',
        `no Docker Engine ${at}: there is no such socket`,
        'Install Docker (Debian, Ubuntu: apt-get install docker.io) and start it: systemctl start docker.',
      );
    case 'ECONNREFUSED':
      return problem(
        'engine',
        `Docker does not answer ${at}: nothing listens there`,
        'Start it: systemctl start docker. If it does not stay up: journalctl -u docker.',
      );
    case 'EACCES':
    case 'EPERM':
      return root
        ? problem(
            'engine',
            `the socket ${at} may not be opened`,
            'See who forbids root to open it: ls -l, AppArmor, SELinux.',
          )
        : warning(
            'engine',
            `this user may not ask Docker ${at}; berthd may all the same`,
            'Look with root: sudo berth doctor. A berthd of your own needs: sudo usermod -aG docker "$USER".',
          );
    default:
      return problem(
        'engine',
        `Docker ${at} gives no answer: ${error.message}`,
        'Look at it: systemctl status docker, docker info.',
      );
  }
}

type EngineApi = (path: string, signal: AbortSignal) => Promise<unknown>;

function engineApi(dockerHost: string): EngineApi | null {
  const url = URL.parse(dockerHost);
  if (url?.protocol === 'unix:')
    return over(fetchOverUnixSocket(decodeURIComponent(url.pathname)), 'http://docker');
  if (url?.protocol === 'tcp:' || url?.protocol === 'http:') return over(fetch, `http://${url.host}`);
  return null;
}

function over(get: Fetch, base: string): EngineApi {
  return async (path, signal) => {
    const response = await get(base + path, { method: 'GET', headers: {}, signal });
    const body = await response.text();
    if (response.status !== 200) throw new Error(`status ${response.status}: ${body.slice(0, 200)}`);
    return JSON.parse(body);
  };
}
