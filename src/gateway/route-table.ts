import type { Route } from '../domain/route.ts';

/** Every route at one moment, as berthd sends it and as the table file holds it. */
export interface Table {
  /** Grows with each change; berthd's to choose. */
  readonly version: number;
  readonly routes: readonly Route[];
}

export const emptyTable: Table = { version: 0, routes: [] };

/** One table, indexed by host name. Immutable: a change is a new one. */
export class RouteTable {
  readonly version: number;
  readonly #byHost: ReadonlyMap<string, Route>;
  readonly #instances: ReadonlySet<string>;

  constructor(table: Table) {
    this.version = table.version;
    this.#byHost = new Map(table.routes.flatMap((route) => route.hosts.map((host) => [host, route])));
    this.#instances = new Set(
      table.routes.flatMap((route) => route.upstreams.map(({ instance }) => instance)),
    );
  }

  /** The route of a host name in lower case without a port. */
  find(host: string): Route | undefined {
    return this.#byHost.get(host);
  }

  has(instance: string): boolean {
    return this.#instances.has(instance);
  }
}
