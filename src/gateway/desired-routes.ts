import { isDeepStrictEqual } from 'node:util';
import type { Route } from '../domain/route.ts';
import type { Table } from './route-table.ts';

/** The table as berthd wants it: an earlier berthd's, with the changes of this one on top. */
export class DesiredRoutes {
  #routes = new Map<string, Route>();
  /** What changed before the gateway's own table was known; undefined is a route taken away. */
  #early: Map<string, Route | undefined> | undefined = new Map();
  #version = 0;

  get version(): number {
    return this.#version;
  }

  get adopted(): boolean {
    return this.#early === undefined;
  }

  get table(): Table {
    return { version: this.#version, routes: [...this.#routes.values()] };
  }

  /** Takes over the table that the gateway already has. Later calls do nothing. */
  adopt(table: Table): void {
    if (!this.#early) return;
    const early = this.#early;
    this.#early = undefined;
    this.#version = table.version;
    this.#routes = new Map(table.routes.map((route) => [route.containerId, route]));
    for (const [containerId, route] of early) this.set(containerId, route);
  }

  /** Sets or takes away a container's route. A change makes a new version, sameness doesn't. */
  set(containerId: string, route: Route | undefined): void {
    if (this.#early) {
      this.#early.set(containerId, route);
      return;
    }
    if (isDeepStrictEqual(this.#routes.get(containerId), route)) return;
    this.#version += 1;
    if (route) this.#routes.set(containerId, route);
    else this.#routes.delete(containerId);
  }

  get(containerId: string): Route | undefined {
    return this.#early?.get(containerId) ?? this.#routes.get(containerId);
  }

  containerIds(): string[] {
    const early = [...(this.#early ?? [])].filter(([, route]) => route).map(([containerId]) => containerId);
    return [...this.#routes.keys(), ...early];
  }

  has(instance: string): boolean {
    const routes = [...this.#routes.values(), ...(this.#early?.values() ?? [])];
    return routes.some((route) => route?.upstreams.some((upstream) => upstream.instance === instance));
  }
}
