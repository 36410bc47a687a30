import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApi } from './api/app.ts';
import { serveApi } from './api/serve.ts';
import { loadSecret } from './auth/secret.ts';
import { createTokens, type TokenKeys } from './auth/tokens.ts';
import type { Config } from './config.ts';
import { messageOf } from './domain/errors.ts';
import { openDocker } from './engine/docker.ts';
import type { Engine, EngineInfo } from './engine/engine.ts';
import { acquireGateway } from './gateway/acquire.ts';
import type { GatewayLink } from './gateway/link.ts';
import { GpuParts } from './gpu-parts.ts';
import { withKeptLogs } from './logs/kept-journals.ts';
import { LogReader } from './logs/log-reader.ts';
import { Changes } from './reconcile/changes.ts';
import { Reconciler } from './reconcile/reconciler.ts';
import { watchStorage } from './reconcile/storage-watch.ts';
import { ContainerStore } from './store/containers.ts';
import { openDatabase } from './store/database.ts';
import { EventStore } from './store/events.ts';
import { GpuStore } from './store/gpus.ts';
import { InstallationStore } from './store/installation.ts';
import { KeptLogStore } from './store/kept-logs.ts';
import { UserStore } from './store/users.ts';

const START_MS = 60_000;
const RETRY_ENGINE_MS = 2_000;

/** A berthd that serves. Disposing stops it; containers and gateway go on. */
export interface Daemon extends AsyncDisposable {
  readonly apiUrl: string;
  readonly gatewayUrl: string;
  /** The id on the labels of all that it makes in the engine. */
  readonly installation: string;
  /** Looks at the machine's GPUs now. */
  lookForGpus(): Promise<void>;
}

/** Builds every part, hands each what it needs, and resolves once the API serves. Throws DomainError where it can't. */
export async function startDaemon(config: Config, log: Logger): Promise<Daemon> {
  await using parts = new AsyncDisposableStack();
  const starting = AbortSignal.timeout(START_MS);
  const closing = new AbortController();
  const version = packageVersion();
  const now = () => new Date();

  const database = openDatabase(config.dataDir);
  parts.defer(() => database.destroy());
  const events = new EventStore(database, Date.now);
  const containers = new ContainerStore(database, events);
  const keptLogs = new KeptLogStore(database);
  const users = new UserStore(database);
  const installations = new InstallationStore(database);
  const installation = await installations.id(randomUUID());
  log.info({ version, installation, dataDir: config.dataDir }, 'berthd starts');
  // The uninstaller reads it: what berth made in the engine bears this id.
  writeFileSync(join(config.dataDir, 'installation'), `${installation}\n`, { mode: 0o600 });

  const engine = parts.use(
    openDocker({
      dockerHost: config.dockerHost,
      installation,
      dockerConfigFile: config.dockerConfigFile,
      registryCredentials: config.registries,
      log,
    }),
  );
  const gateway = parts.use(
    await acquireGateway(
      {
        gatewaySocket: config.gatewaySocket,
        folder: join(config.dataDir, 'gateway'),
        listen: config.gatewayListen,
        workers: config.gatewayWorkers,
        drainTimeoutMs: config.drainTimeoutMs,
        logLevel: config.logLevel,
        version,
        log,
      },
      starting,
    ),
  );

  const gpus: GpuParts = parts.use(
    new GpuParts({
      nvidiaSmi: config.nvidiaSmi,
      engine,
      books: new GpuStore(database, events),
      events,
      log,
      kick: (id) => reconciler.kick(id),
      onFault: (fault) => reconciler.gpuFault(fault),
    }),
  );
  const changes = new Changes();
  const reconciler: Reconciler = parts.use(
    new Reconciler(
      {
        engine,
        containers,
        keptLogs,
        routes: gateway,
        gpus: gpus.scheduler,
        events,
        nextAddress: (first, last) => installations.nextAddress(first, last),
        log,
        domain: config.domain,
        startTimeoutMs: config.startTimeoutMs,
        drainTimeoutMs: config.drainTimeoutMs,
        now: Date.now,
        newInstanceId: () => randomBytes(4).toString('hex'),
      },
      changes,
    ),
  );

  gpus.start();
  let machine: EngineInfo | undefined;
  const background = [
    reconcileOnce(gateway, reconciler, log, closing.signal),
    (async () => {
      machine = await reachEngine(engine, log, closing.signal);
      if (machine?.storageLimit !== 'watch') return;
      const onOverLimit = reconciler.overLimit.bind(reconciler);
      await watchStorage({ engine, containers, log, onOverLimit }, closing.signal);
    })(),
  ];
  parts.defer(async () => {
    closing.abort();
    await Promise.all(background);
  });

  const gatewayListen = () =>
    gateway.info()?.listen ?? config.gatewayListen ?? { host: '127.0.0.1', port: 80 };
  const api = createApi({
    log,
    domain: config.domain,
    gatewayPort: () => gatewayListen().port,
    containers,
    users,
    reconciler: {
      kick: (id) => {
        reconciler.kick(id);
        gpus.scheduler.poke();
      },
    },
    events,
    gpus: gpus.watch,
    gpuClaims: () => gpus.scheduler.claims(),
    machine: () => machine,
    tokens: createTokens(
      tokenKeys(config),
      { issuer: config.tokenIssuer, audience: config.tokenAudience },
      now,
      (error) =>
        log.warn({ err: error }, 'the published keys could not be fetched; the known ones stay in use'),
    ),
    logs: new LogReader({ engine: withKeptLogs(engine, keptLogs), containers, changes }),
    allowedHosts: config.apiHosts,
    version,
    now,
    newId: randomUUID,
  });
  parts.use(await serveApi(api, { socketPath: config.socket, group: 'berth' }, 'local'));
  const { address } = parts.use(await serveApi(api, config.apiListen, 'token'));

  const owned = parts.move();
  return {
    apiUrl: `http://${address}`,
    gatewayUrl: urlOf(gatewayListen()),
    installation,
    lookForGpus: async () => void (await gpus.watch.lookNow()),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Nothing may be published before the gateway's own table is known: its containers would lose their routes. */
async function reconcileOnce(
  gateway: GatewayLink,
  reconciler: Reconciler,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  try {
    await gateway.ready(signal);
    reconciler.start();
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, 'the gateway can’t be reached; nothing is deployed');
  }
}

/** Asks until the engine answers, so that berthd serves its API also while the engine is away. */
async function reachEngine(
  engine: Engine,
  log: Logger,
  signal: AbortSignal,
): Promise<EngineInfo | undefined> {
  while (!signal.aborted) {
    try {
      const info = await engine.info(signal);
      log.info(
        { engine: info },
        `Docker Engine ${info.version}: ephemeralStorage is held by ${STORAGE[info.storageLimit]}`,
      );
      return info;
    } catch (error) {
      if (!signal.aborted)
        // That it is away is the reconciler's to say: it watches the engine's events.
        log.debug({ reason: messageOf(error) }, 'Docker Engine does not answer; trying again');
      await sleep(RETRY_ENGINE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

const STORAGE = {
  driver: 'the storage driver',
  watch: 'berth, which watches each container’s writable layer and stops one that outgrows its limit',
} as const;

function tokenKeys({ tokenTrust, dataDir }: Config): TokenKeys {
  if (tokenTrust.kind !== 'secret') return tokenTrust;
  return { kind: 'secret', secret: tokenTrust.secret ?? loadSecret(dataDir) };
}

function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return version;
}

function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const shown = host.includes(':') ? `[${host}]` : host;
  return `http://${shown}${port === 80 ? '' : `:${port}`}`;
}
