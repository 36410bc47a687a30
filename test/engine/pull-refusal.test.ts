import { describe, expect, test } from 'vitest';
import type { EngineErrorKind } from '../../src/engine/engine.ts';
import { explainPull } from '../../src/engine/pull-refusal.ts';
import { Refusal } from '../../src/engine/refusal.ts';
import { image } from './installation.ts';

/** What engines and registries really say. */
const SAID: Partial<Record<EngineErrorKind, readonly string[]>> = {
  'image-missing': [
    'manifest for nginx:nope not found: manifest unknown: manifest unknown',
    'manifest unknown: The named manifest is not known to the registry.',
    "name unknown: The repository with name 'x' does not exist in the registry with id '1'",
    'failed to resolve reference "docker.io/library/nginx:nope": docker.io/library/nginx:nope: not found',
  ],
  'image-denied': [
    "pull access denied for a/b, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    'Head "https://ghcr.io/v2/a/b/manifests/1": denied',
    'Get "https://registry.example.com/v2/a/manifests/1": unauthorized: authentication required',
    'Get "https://registry.example.com/v2/a/manifests/1": no basic auth credentials',
    'unauthorized: incorrect username or password',
    'denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "x" (or it may not exist)',
    'unexpected status from HEAD request to https://registry.example.com/v2/a/manifests/1: 403 Forbidden',
    'unexpected status from HEAD request to https://registry.example.com/v2/a/manifests/1: 401 Unauthorized',
  ],
  'image-architecture': [
    'no matching manifest for linux/amd64 in the manifest list entries',
    'no match for platform in manifest sha256:0123: not found',
    'image with reference a:1 was found but does not match the specified platform: wanted linux/amd64, actual: linux/arm64',
    'image operating system "windows" cannot be used on this platform',
  ],
  'registry-unreachable': [
    'Get "https://registry.example.com/v2/": dial tcp 10.0.0.1:443: connect: connection refused',
    'Get "https://registry.example.com/v2/": dial tcp: lookup registry.example.com on 10.0.0.1:53: no such host',
    'Get "https://registry.example.com/v2/": dial tcp: lookup registry.example.com: Temporary failure in name resolution: server misbehaving',
    'Get "https://registry.example.com/v2/": dial tcp 10.0.0.1:443: connect: no route to host',
    'Get "https://registry.example.com/v2/": dial tcp 10.0.0.1:443: i/o timeout',
    'Get "https://registry.example.com/v2/": net/http: TLS handshake timeout',
    'Get "https://registry.example.com/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    'Get "https://registry.example.com/v2/": http: server gave HTTP response to HTTPS client',
    'Get "https://registry.example.com/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'received unexpected HTTP status: 503 Service Unavailable',
    'unexpected status from HEAD request to https://registry.example.com/v2/a/manifests/1: 502 Bad Gateway',
    'toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating',
    'unexpected EOF',
    'read tcp 10.0.0.2:1->10.0.0.1:443: read: connection reset by peer',
  ],
  refused: [
    'failed to register layer: write /usr/lib/x: no space left on device',
    'failed to register layer: lchown /x: permission denied',
    'something never heard of',
  ],
  unavailable: [
    'connection error: desc = "transport: dial unix /run/containerd/containerd.sock: connect: connection refused"',
  ],
};

describe('a pull that failed', () => {
  const cases = Object.entries(SAID).flatMap(([kind, messages]) =>
    messages.map((message) => [kind, message] as const),
  );

  test.for(cases)('is %s: %s', ([kind, message]) => {
    expect(explainPull(image('registry.example.com/a:1'), new Refusal(500, message)).kind).toBe(kind);
  });

  test('is told in one short line, whatever the registry says', () => {
    const hostile = `evil \u001b[31m\n\r\u202e${'x'.repeat(10_000)}`;
    const { message } = explainPull(image('registry.example.com/a:1'), new Refusal(500, hostile));
    expect(message.length).toBeLessThan(500);
    expect(message).not.toMatch(/\p{Cc}|\p{Cf}/u);
  });
});
