import type { HttpBindings } from '@hono/node-server';
import type { Caller } from '../domain/caller.ts';

/** How a listener trusts its callers: by their tokens, or because only some may open the socket. */
export type Trust = 'token' | 'local';

/** What every handler finds in its context. */
export interface ApiEnv {
  Bindings: HttpBindings & {
    /** Set by serve.ts. */
    readonly trust: Trust;
  };
  Variables: {
    requestId: string;
    /** Who asks; set for /metrics and every path under /v1 but the one that logs in. */
    caller: Caller;
    /** What a 401 asks for; a bearer token where unset. */
    challenge?: string;
  };
}
