/** An answer of the gateway's own, given in a container's stead. */
export interface Refusal {
  readonly status: number;
  /** For a person: what happened and what to do. Says nothing of addresses or of other containers. */
  readonly message: string;
  readonly retryAfterSeconds?: number;
  /** The framing can't be trusted any more: the connection ends with this answer. */
  readonly close?: boolean;
}

export function malformed(message: string): Refusal {
  return { status: 400, message, close: true };
}

export const unknownHost: Refusal = {
  status: 404,
  message: 'No container answers to this host name. Check the name, or whether the container was deleted.',
};
export const notReady: Refusal = {
  status: 503,
  message: 'The container behind this host name is not ready yet. Try again in a moment.',
  retryAfterSeconds: 2,
};
export const noConnection: Refusal = {
  status: 504,
  message: 'The container could not be connected to in time. It may be overloaded.',
};
export const noAnswer: Refusal = {
  status: 504,
  message: 'The container did not begin its answer in time.',
};
export const brokenBackend: Refusal = {
  status: 502,
  message: 'The container refused the connection, closed it early, or did not answer in valid HTTP.',
};
export const bodyStalled: Refusal = {
  status: 408,
  message: 'The body of the request stopped arriving.',
  close: true,
};
export const bodyTooSlow: Refusal = {
  status: 408,
  message: 'The body of the request arrives too slowly.',
  close: true,
};
export const headTimeout: Refusal = {
  status: 408,
  message: 'The head of the request did not arrive in time.',
  close: true,
};
export const headTooLarge: Refusal = {
  status: 431,
  message: 'The request line and headers are larger than 16 KiB. A large cookie is the usual cause.',
  close: true,
};
export const tooManyHeaders: Refusal = {
  status: 431,
  message: 'The request has more than 256 headers. Send fewer.',
  close: true,
};
export const unknownVersion: Refusal = {
  status: 505,
  message: 'The request is not HTTP/1.1 or HTTP/1.0, which is what is spoken here.',
  close: true,
};
export const noTunnels: Refusal = {
  status: 501,
  message: 'CONNECT is not offered here.',
  close: true,
};

/** A refusal as the lines of a response: text/plain, never kept by a cache. */
export function refusalHeaders(refusal: Refusal): [string, string][] {
  return [
    ['Content-Type', 'text/plain; charset=utf-8'],
    ['Content-Length', String(Buffer.byteLength(refusalBody(refusal)))],
    ['Cache-Control', 'no-store'],
    ...(refusal.retryAfterSeconds === undefined
      ? []
      : [['Retry-After', String(refusal.retryAfterSeconds)] satisfies [string, string]]),
  ];
}

export function refusalBody(refusal: Refusal): string {
  return `${refusal.message}\n`;
}
