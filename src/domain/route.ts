/** Where one instance of a container answers. */
export interface Upstream {
  /** The instance's id, unique for ever: two instances never share one, even where one takes over the other's address. */
  readonly instance: string;
  readonly host: string;
  readonly port: number;
}

/** One container's entry in the gateway's table. */
export interface Route {
  readonly containerId: string;
  /** Lower-case host names without a port. */
  readonly hosts: readonly string[];
  /** How long the container may take to begin its answer, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Empty while nothing is ready: the gateway then answers 503 with Retry-After. */
  readonly upstreams: readonly Upstream[];
}

/** The gateway as the control plane sees it. Each call is idempotent. */
export interface Routes {
  /**
   * Replaces one container's route and resolves once every process of the gateway uses it.
   * Rejects when the signal aborts first; the route is still sent as soon as the gateway can be reached.
   */
  publish(route: Route, signal: AbortSignal): Promise<void>;
  /** Takes one container's route away; its hosts answer 404 from then on. */
  withdraw(containerId: string, signal: AbortSignal): Promise<void>;
  /** Resolves once the gateway has no request open at this instance; rejects when the signal aborts first. */
  drained(instance: string, signal: AbortSignal): Promise<void>;
  /** The route that the gateway holds for a container, an earlier berthd's too. */
  current(containerId: string): Route | undefined;
  /** Every container that the gateway holds a route for. */
  containerIds(): readonly string[];
}
