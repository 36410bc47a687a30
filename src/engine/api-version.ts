import { EngineError } from './engine.ts';

/** The newest API that berth was tested with (Docker Engine 28). */
const NEWEST = '1.51';
/** Docker Engine 20.10. */
const OLDEST = '1.41';

/** What `GET /version` says of the API. */
export interface OfferedApi {
  readonly version: string;
  readonly apiVersion: string;
  readonly minApiVersion: string;
}

/** The API version to speak: the engine's own, or the newest that berth knows. Throws EngineError where they don't meet. */
export function chooseApiVersion(offered: OfferedApi): string {
  if (compare(offered.apiVersion, OLDEST) < 0) {
    throw new EngineError(
      'refused',
      `Docker Engine ${offered.version} is too old: berth needs 20.10 or newer`,
    );
  }
  const chosen = compare(offered.apiVersion, NEWEST) < 0 ? offered.apiVersion : NEWEST;
  if (compare(chosen, offered.minApiVersion) < 0) {
    throw new EngineError(
      'refused',
      `Docker Engine ${offered.version} is newer than this berth knows: upgrade berth`,
    );
  }
  return chosen;
}

/** Whether an API version is that one or a later one. */
export function isAtLeast(apiVersion: string, other: string): boolean {
  return compare(apiVersion, other) >= 0;
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}
