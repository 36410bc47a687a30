const HOST_PART = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const HOST = new RegExp(`^${HOST_PART}(?:\\.${HOST_PART})*(?::([0-9]{1,5}))?$`);
/** Docker would read these as an image's id, which names nothing that a registry knows. */
const IMAGE_ID = /^(?:sha256|[0-9a-f]{64})$/;
const PATH_PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${PATH_PART}(?:/${PATH_PART})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** An image as Docker names it, always with a tag, a digest, or both (github.com/distribution/reference). */
export interface ImageReference {
  /** As the client wrote it. */
  readonly text: string;
  /** The registry's host and port; "docker.io" where the text names none. */
  readonly registry: string;
  /** What comes before tag and digest, as written. */
  readonly name: string;
  readonly tag: string | null;
  readonly digest: string | null;
}

/** What came of reading an image's name: the reference, or what is wrong with it and how to mend it. */
export type ImageReferenceResult =
  | { readonly ok: true; readonly image: ImageReference }
  | { readonly ok: false; readonly problem: string };

/** Parses an image's name. A tag or a digest is required: berth never guesses `latest`. */
export function parseImageReference(text: string): ImageReferenceResult {
  if (text.length > 512) return problem('is longer than 512 characters');
  const [beforeDigest = '', digest, ...more] = text.split('@');
  if (more.length > 0) return problem('holds more than one "@"');
  if (digest !== undefined && !DIGEST.test(digest))
    return problem('has a digest that is not sha256:<64 hex digits>');

  const colon = beforeDigest.lastIndexOf(':');
  const tagged = colon > beforeDigest.lastIndexOf('/');
  const name = tagged ? beforeDigest.slice(0, colon) : beforeDigest;
  const tag = tagged ? beforeDigest.slice(colon + 1) : null;
  if (tag !== null && !TAG.test(tag))
    return problem(`has a tag that Docker does not allow: "${tag.slice(0, 40)}"`);

  const { registry, repository } = splitRegistry(name);
  const host = HOST.exec(registry);
  if (host === null || Number(host[1] ?? 0) > 65_535) {
    return problem(`names a registry that is no host: "${registry.slice(0, 80)}"`);
  }
  if (IMAGE_ID.test(name))
    return problem('is an image’s id: name the image as its registry does, with its tag');
  if (name.length > 255) return problem('has a name longer than 255 characters');
  if (!REPOSITORY.test(repository)) {
    return problem('is no image name: use lower-case letters, digits, ".", "_", "-" and "/", then ":tag"');
  }
  if (tag === null && digest === undefined) {
    return problem(`must carry a tag or a digest, such as "${text}:1.0"; berth does not assume "latest"`);
  }
  return { ok: true, image: { text, registry, name, tag, digest: digest ?? null } };
}

function splitRegistry(name: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = first === 'localhost' || first.includes('.') || first.includes(':');
  return isHost
    ? { registry: first, repository: name.slice(slash + 1) }
    : { registry: 'docker.io', repository: name };
}

function problem(text: string): ImageReferenceResult {
  return { ok: false, problem: text };
}
