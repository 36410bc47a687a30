import { describe, inject, test } from 'vitest';
import { NEEDS_ENGINE } from './skip-banner.ts';

/** The engine and the registries that the whole run shares. */
export interface AvailableGround {
  available: true;
  /** The engine, as DOCKER_HOST names one. */
  dockerHost: string;
  /** host:port of a registry that anyone may pull from and push to. */
  registry: string;
  /** host:port of a registry that wants REGISTRY_USER. */
  authRegistry: string;
}

/** The run's ground, or why there is none. */
export type Ground = AvailableGround | { available: false; reason: string };

declare module 'vitest' {
  export interface ProvidedContext {
    ground: Ground;
  }
}

/** A suite that needs a Docker Engine and registries. Where the machine can't have them it is skipped, and the end of the run says so. */
export function describeWithEngine(name: string, tests: (ground: AvailableGround) => void): void {
  const ground = inject('ground');
  if (ground.available) describe(name, () => tests(ground));
  else skipSuite(name, ground.reason);
}

/** Reports a suite as skipped for want of an engine, with the reason. */
export function skipSuite(name: string, reason: string): void {
  describe(name, () => {
    test.skip(`${NEEDS_ENGINE}: ${reason}`);
  });
}
