import type { ImageReference } from '../domain/image-reference.ts';
import { EngineError, type EngineErrorKind } from './engine.ts';
import { quoted } from './image-name.ts';
import { explainRefusal, innermost, type Refusal, shortened } from './refusal.ts';

interface Reading {
  readonly when: RegExp;
  readonly kind: EngineErrorKind;
  readonly message: (image: ImageReference, message: string) => string;
}

// The first that matches holds. The engine's words differ by version and by image store, and many hold "not found".
const READINGS: readonly Reading[] = [
  {
    when: /no matching manifest|no match for platform|does not match the specified platform|cannot be used on this platform/i,
    kind: 'image-architecture',
    message: (image) => `image ${quoted(image)} is not built for this kind of machine`,
  },
  {
    when: /toomanyrequests|too many requests|rate limit/i,
    kind: 'registry-unreachable',
    message: (image) => `the registry ${image.registry} allows no more pulls for now`,
  },
  {
    when: /(?<!permission )denied|unauthorized|no basic auth credentials|authentication required|authorization failed|40[13] (forbidden|unauthorized)/i,
    kind: 'image-denied',
    message: (image) =>
      `the registry refused access to ${quoted(image)}, or has no such image: run docker login ${image.registry} ` +
      'on this machine, as the user berthd runs as, or check the credentials',
  },
  {
    when: /no such host|lookup .*(server misbehaving|try again|i\/o timeout)/i,
    kind: 'registry-unreachable',
    message: (image) =>
      `the registry ${image.registry} could not be found: check its name and this machine's DNS`,
  },
  {
    when: /x509|certificate|gave http response to https client|tls: /i,
    kind: 'registry-unreachable',
    message: (image, message) =>
      `no trusted connection to the registry ${image.registry}: ${innermost(message)}`,
  },
  {
    when: /manifest unknown|manifest for .* not found|name unknown|name_unknown|repository .* not found|: not found$/i,
    kind: 'image-missing',
    message: (image) => `image ${quoted(image)} does not exist in its registry`,
  },
  {
    when: /no space left|disk quota/i,
    kind: 'refused',
    message: (image) => `image ${quoted(image)} could not be pulled: this machine's disk is full`,
  },
  {
    when: /connection re(fused|set)|timeout|timed out|deadline exceeded|unreachable|no route to host|\bEOF\b|broken pipe|received unexpected http status: 5|status code 5|50[0234] /i,
    kind: 'registry-unreachable',
    message: (image, message) => `the registry ${image.registry} did not answer: ${innermost(message)}`,
  },
];

/** What it means that a pull failed with this message, be it as an answer's or inside its stream. */
export function explainPull(image: ImageReference, refusal: Refusal): EngineError {
  const ordinary = explainRefusal(refusal);
  if (ordinary.kind === 'unavailable') return ordinary;
  const message = shortened(refusal.message);
  const reading = READINGS.find(({ when }) => when.test(message));
  if (reading !== undefined) return new EngineError(reading.kind, reading.message(image, message), refusal);
  return new EngineError('refused', `image ${quoted(image)} could not be pulled: ${message}`, refusal);
}

/** A pull that has said nothing for too long. */
export function stalled(image: ImageReference, ms: number): EngineError {
  const seconds = Math.round(ms / 1000);
  return new EngineError(
    'registry-unreachable',
    `the pull from ${image.registry} made no progress for ${seconds} s`,
  );
}
