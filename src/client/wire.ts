import type { z } from 'zod';
import type { ContainerView, RevisionView } from '../api/schemas/container-view.ts';
import type { EventGapView, EventView } from '../api/schemas/events.ts';
import type { GpuView } from '../api/schemas/gpu-view.ts';
import type { GpuModelView } from '../api/schemas/gpus.ts';
import type { IssuedTokenView, TokenView, UserView } from '../api/schemas/users.ts';

// The words of the API, as JSON carries them. What it answers is typed by its own schemas; nothing of them runs here.

/** A container as the API shows it. Dates are RFC 3339 texts in UTC; `dateUpdated` may also be the zero time. */
export type Container = z.output<typeof ContainerView>;

/** The three states of a container. */
export type Status = Container['status'];

/** A named volume and where it is mounted in the container. */
export type VolumeMount = Container['volumes'][number];

/** One accepted version of a container. */
export type Revision = z.output<typeof RevisionView>;

/** A GPU model of the catalogue. */
export type GpuModel = z.output<typeof GpuModelView>;

/** A GPU of the machine: what it does now, who has it, who waits for it. Ids are containers'. */
export type Gpu = z.output<typeof GpuView>;

/** What may be set of a container; what is left out keeps its value, or its default in a new one. */
export interface ContainerChange {
  readonly name?: string;
  readonly image?: string;
  /** Cores; fractions allowed. */
  readonly cpu?: number;
  /** A quantity such as "512Mi". */
  readonly ram?: string;
  /** How many, all of one model. */
  readonly gpu?: number;
  readonly ephemeralStorage?: string;
  readonly command?: readonly string[] | null;
  readonly arguments?: readonly string[] | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly port?: string | number;
  /** Codes or names of models, or names of cards; any will do. */
  readonly desiredGPUs?: readonly string[] | null;
  /** A quantity such as "8Gi": shares cards by reserved memory; null takes them whole. */
  readonly gpuMemory?: string | null;
  /** Size of /dev/shm; null leaves it to the default. */
  readonly shmSize?: string | null;
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

/** One page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** How many there are on all pages. */
  readonly total: number;
  /** From 1. */
  readonly page: number;
  readonly rowsPerPage: number;
}

/** One page of the machine's GPUs. */
export interface GpuPage extends Page<Gpu> {
  /** Why there are none, or fewer than the machine has. */
  readonly reason: string | null;
}

/** Which page to fetch. */
export interface PageQuery {
  /** From 1. */
  readonly page?: number;
  /** 1–1000. */
  readonly rows?: number;
}

/** A signed token, for the Authorization header. */
export type Token = z.output<typeof TokenView>;

/** A token made for someone, and when it ends. */
export type IssuedToken = z.output<typeof IssuedTokenView>;

/** A user as the API shows one. */
export type User = z.output<typeof UserView>;

/** Whom a token is for. */
export interface TokenRequest {
  /** The user's id; the caller's own when both this and `user` are left out. */
  readonly sub?: string;
  /** In place of `sub`, the name of a user that was added. */
  readonly user?: string;
  /** When left out: those of `user`, else none. */
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

/**
 * What a log stream brings. `id` resumes after the line; a line holds a line break where the container wrote a bare
 * carriage return. `revision` says that another revision serves and its lines follow.
 */
export type LogEvent =
  | { readonly kind: 'stdout' | 'stderr'; readonly id: string; readonly line: string }
  | { readonly kind: 'revision'; readonly revision: number };

/** Which events to stream. */
export interface EventQuery {
  /** Go on with what happens from now on; true when left out. */
  readonly follow?: boolean;
  /** How many of the past to begin with; 100 when left out. */
  readonly tail?: number | 'all';
  /** Only of the container with this id. */
  readonly container?: string;
}

/** Something that happened to a container or a GPU. `id` grows from one to the next; `date` is RFC 3339 with milliseconds. */
export type BerthEvent = z.output<typeof EventView>;

/** Events with these ids are kept no more, and the reader may have missed some of them. */
export type EventGap = { readonly kind: 'gap' } & z.output<typeof EventGapView>;
