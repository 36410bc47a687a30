/** The words of the API, as JSON carries them. Dates are RFC 3339 texts in UTC; a date may also be the zero time. */

/** The three states of a container. */
export type Status = 'deploying' | 'deployed' | 'failed';

/** A named volume and where it is mounted in the container. */
export interface VolumeMount {
  readonly name: string;
  readonly path: string;
}

/** A container as the API shows it. */
export interface Container {
  readonly id: string;
  readonly name: string;
  /** The owner's user id. */
  readonly createdBy: string;
  readonly image: string;
  readonly cpu: number;
  readonly ram: string;
  readonly gpu: number;
  readonly ephemeralStorage: string;
  readonly command: readonly string[] | null;
  readonly arguments: readonly string[] | null;
  readonly env: Readonly<Record<string, string>>;
  readonly port: string;
  readonly dateCreated: string;
  readonly dateUpdated: string;
  readonly status: Status;
  /** Host names without a scheme, with `:port` where the gateway isn't on 80 or 443; null before the first deploy. */
  readonly urls: readonly string[] | null;
  readonly desiredGPUs: readonly string[] | null;
  readonly hostnames: readonly string[];
  readonly healthPath: string | null;
  readonly requestTimeout: string;
  readonly volumes: readonly VolumeMount[];
  /** The number of the newest revision. */
  readonly revision: number;
  /** The revision that answers requests; null until one was ready. */
  readonly servingRevision: number | null;
  /** Why the status is what it is, for a person. */
  readonly statusReason: string | null;
}

/** What may be set of a container; what is left out keeps its value, or its default in a new one. */
export interface ContainerChange {
  readonly name?: string;
  readonly image?: string;
  /** Cores; fractions allowed. */
  readonly cpu?: number;
  /** A quantity such as "512Mi". */
  readonly ram?: string;
  readonly gpu?: number;
  readonly ephemeralStorage?: string;
  readonly command?: readonly string[] | null;
  readonly arguments?: readonly string[] | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: string | number;
  readonly desiredGPUs?: readonly string[] | null;
  readonly hostnames?: readonly string[];
  readonly healthPath?: string | null;
  /** A duration such as "30s". */
  readonly requestTimeout?: string;
  readonly volumes?: readonly VolumeMount[];
}

/** What a new container needs: a name and an image with a tag or a digest. */
export interface NewContainer extends ContainerChange {
  readonly name: string;
  readonly image: string;
}

/** One accepted version of a container. */
export interface Revision {
  readonly containerID: string;
  readonly revisionNumber: number;
  readonly image: string;
  readonly dateCreated: string;
}

/** A GPU model of the catalogue. */
export interface GpuModel {
  readonly code: string;
  readonly name: string;
}

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** How many there are on all pages. */
  readonly total: number;
  /** From 1. */
  readonly page: number;
  readonly rowsPerPage: number;
}

/** Which page to fetch. */
export interface PageQuery {
  /** From 1. */
  readonly page?: number;
  /** 1–1000. */
  readonly rows?: number;
}

/** A signed token, for the Authorization header. */
export interface Token {
  readonly token: string;
}

/** Whom a token is for. */
export interface TokenRequest {
  /** The user's id; the caller's own when left out. */
  readonly sub?: string;
  readonly roles?: readonly string[];
  /** A duration such as "24h". */
  readonly ttl?: string;
}

/** A user to add, who can then fetch tokens with the password. */
export interface NewUser {
  readonly name: string;
  readonly password: string;
  readonly roles?: readonly string[];
}

/** A user as the API shows one. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
}

/** What berthd says of itself. */
export interface Health {
  readonly status: string;
}

/** Which log lines to stream. */
export interface LogQuery {
  /** Go on with what the container writes from now on; true when left out. */
  readonly follow?: boolean;
  /** How many of the last lines to begin with; 100 when left out. */
  readonly tail?: number | 'all';
  /** An RFC 3339 time, Unix seconds, or a duration such as "10m". */
  readonly since?: string;
  /** The serving revision when left out. */
  readonly revision?: number;
}

/** What a log stream brings: lines, and word of a new revision. `id` resumes after it. */
export type LogEvent =
  | { readonly kind: 'stdout' | 'stderr'; readonly id: string; readonly line: string }
  | { readonly kind: 'revision'; readonly id: string; readonly data: string };
