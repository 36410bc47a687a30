import type { Context } from 'hono';
import { DomainError } from '../domain/errors.ts';
import type { ApiEnv } from './context.ts';
import type { Api } from './openapi.ts';
import { HttpError } from './problem.ts';

interface Known {
  readonly path: RegExp;
  readonly methods: ReadonlySet<string>;
}

/**
 * What answers where no route does: OPTIONS with what the path allows, a known path with another method 405, and an
 * unknown path 404. Made after all routes.
 */
export function otherMethods(app: Api): (c: Context<ApiEnv>) => Response {
  const known = knownPaths(app);
  return (c) => {
    const found = known.filter(({ path }) => path.test(c.req.path));
    if (found.length === 0)
      throw new DomainError('not-found', 'There is nothing at this path. GET /docs tells what there is.');
    const allow = [...new Set(found.flatMap(({ methods }) => [...methods]))].join(', ');
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { Allow: allow });
    throw new HttpError('method-not-allowed', `This path takes ${allow}.`, { Allow: allow });
  };
}

function knownPaths(app: Api): readonly Known[] {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === 'ALL') continue;
    const of = methods.get(path) ?? new Set(['OPTIONS']);
    of.add(method);
    if (method === 'GET') of.add('HEAD');
    methods.set(path, of);
  }
  return [...methods].map(([path, of]) => ({
    path: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[A-Za-z]+/g, '[^/]+')}$`),
    methods: of,
  }));
}
