import { DomainError } from '../domain/errors.ts';

/** Where the engine listens: a Unix socket of this machine, or plain TCP. */
export type DockerHost =
  | { readonly kind: 'socket'; readonly socketPath: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

const DEFAULT_TCP_PORT = 2375;

/** Parses DOCKER_HOST's `unix:///path` and `tcp://host:port`. Throws a DomainError for anything else. */
export function parseDockerHost(text: string): DockerHost {
  const path = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (path !== undefined) return { kind: 'socket', socketPath: path };
  const tcp = /^tcp:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?\/?$/.exec(text);
  const port = Number(tcp?.[2] ?? DEFAULT_TCP_PORT);
  if (tcp?.[1] === undefined || port < 1 || port > 65_535) throw notUnderstood(text);
  return { kind: 'tcp', host: tcp[1].replace(/^\[|\]$/g, ''), port };
}

/** The engine's place for a message. */
export function placeOf(host: DockerHost): string {
  return host.kind === 'socket' ? host.socketPath : `${host.host}:${host.port}`;
}

function notUnderstood(text: string): DomainError {
  return new DomainError(
    'invalid',
    `the engine's address "${text}" is not understood: use unix:///path/to/docker.sock or tcp://host:port`,
  );
}
