import { createHash } from 'node:crypto';
import { z } from 'zod';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

const Manifest = z.looseObject({ config: z.looseObject({ digest: z.string() }) });
const Config = z.looseObject({ architecture: z.string() });

/**
 * Makes an image in an open registry claim another processor, by pushing a changed config and a manifest that names it
 * (OCI distribution specification). The engine can't: import always writes the machine's own architecture.
 */
export async function claimArchitecture(reference: string, architecture: string): Promise<void> {
  const [, registry, repository, tag] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const base = `http://${registry}/v2/${repository}`;
  const manifest = Manifest.parse(await json(`${base}/manifests/${tag}`));
  const old = Config.parse(await json(`${base}/blobs/${manifest.config.digest}`));
  const config = JSON.stringify({ ...old, architecture });
  const digest = `sha256:${createHash('sha256').update(config).digest('hex')}`;
  await upload(base, config, digest);
  await send(`${base}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': MANIFEST },
    body: JSON.stringify({
      ...manifest,
      config: { ...manifest.config, digest, size: Buffer.byteLength(config) },
    }),
  });
}

async function upload(base: string, blob: string, digest: string): Promise<void> {
  const begun = await send(`${base}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(begun.headers.get('location') ?? '', base);
  location.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  await send(location.href, { method: 'PUT', headers, body: blob });
}

async function json(url: string): Promise<unknown> {
  return (await send(url, { headers: { accept: MANIFEST } })).json();
}

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${url}: ${response.status}`);
  return response;
}
