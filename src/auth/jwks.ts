import {
  type CryptoKey,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  type RemoteJWKSet,
} from 'jose';
import { DomainError, messageOf } from '../domain/errors.ts';
import { fixedKeys, type KeyCheck } from './token-verifier.ts';

/** Public-key algorithms only: a published key must never be taken for a shared secret. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 5_000;

/** How often keys are fetched, in milliseconds. */
export interface JwksPace {
  /** Keys older than this are fetched again, in the background. */
  readonly refreshMs: number;
  /** A key that is not among them leads to a fetch at most this often. */
  readonly cooldownMs: number;
  /** After a failure nothing is fetched for so long. */
  readonly retryMs: number;
}

const PACE: JwksPace = { refreshMs: 5 * 60_000, cooldownMs: 30_000, retryMs: 2_000 };

/** Where an issuer publishes its keys. Throws where the address is neither https nor on this machine. */
export function parseJwksUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const loopback = /^(?:localhost|127\.[0-9.]+|\[::1\])$/.test(url?.hostname ?? '');
  if (url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && loopback))) return url;
  throw new DomainError(
    'invalid',
    'The JWKS address must be an https URL (http only on this machine): anyone on the way could change the keys otherwise.',
  );
}

/**
 * Checks with the keys that an issuer publishes. Keys once fetched are kept while the endpoint is down or slow; a fetch
 * takes at most five seconds. `onError` hears why a fetch in the background failed.
 */
export function publishedKeys(url: URL, onError: (error: unknown) => void, pace: JwksPace = PACE): KeyCheck {
  const keys = createRemoteJWKSet(url, {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: pace.cooldownMs,
    // They never go stale by themselves: an issuer that is down must not lock everyone out.
    cacheMaxAge: Number.POSITIVE_INFINITY,
    [customFetch]: pausingAfterFailure(pace.retryMs),
  });
  let refreshed = performance.now();
  const refresh = () => {
    if (performance.now() - refreshed < pace.refreshMs) return;
    refreshed = performance.now();
    keys.reload().catch(onError);
  };
  return async (token, options) => {
    if (keys.jwks() === undefined) await keys.reload().catch(unreachable);
    else refresh();
    return await verifyWith(token, keys, { ...options, algorithms: ALGORITHMS });
  };
}

async function verifyWith(token: string, keys: RemoteJWKSet, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    const candidates: CryptoKey[] = [];
    for await (const key of error) candidates.push(key);
    return await fixedKeys(candidates, ALGORITHMS)(token, options);
  }
}

/** An issuer that just failed isn't asked again at once: each caller would wait for the next failure. */
function pausingAfterFailure(retryMs: number): FetchImplementation {
  let failedAt = Number.NEGATIVE_INFINITY;
  return async (url, options) => {
    if (performance.now() - failedAt < retryMs) throw new Error('the last attempt failed a moment ago');
    try {
      const response = await boundedFetch(url, options);
      if (response.status !== 200) failedAt = performance.now();
      return response;
    } catch (error) {
      failedAt = performance.now();
      throw error;
    }
  };
}

function unreachable(error: unknown): never {
  throw new DomainError(
    'unavailable',
    `The token can't be checked now: the issuer's keys could not be fetched (${messageOf(error)}). Try again later.`,
  );
}

/** Reads an answer of bounded size; redirects are not followed. */
async function boundedFetch(url: string, options: Parameters<FetchImplementation>[1]): Promise<Response> {
  const response = await fetch(url, options);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error('the answer is larger than 1 MiB');
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status, headers: response.headers });
}
