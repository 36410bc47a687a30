import { authenticate } from './authenticate.ts';
import { registerContainers } from './containers.ts';
import { registerCreate, registerUpdate } from './deploy.ts';
import type { ApiDeps } from './deps.ts';
import { registerDocs } from './docs.ts';
import { registerDocument } from './document.ts';
import { registerEvents } from './events.ts';
import { registerGpuModels } from './gpu-models.ts';
import { registerGpus } from './gpus.ts';
import { headWithoutBody } from './head.ts';
import { registerHealth } from './health.ts';
import { hostCheck } from './host-check.ts';
import { registerLogs } from './logs.ts';
import { otherMethods } from './methods.ts';
import { registerMetrics } from './metrics.ts';
import { type Api, createApp } from './openapi.ts';
import { isExpected, problemResponse } from './problem.ts';
import { requestLog } from './request-log.ts';
import { registerRevisions } from './revisions.ts';
import { securityHeaders } from './security-headers.ts';
import { registerLogin, registerTokens, registerUsers } from './users.ts';

/** The whole API. serve.ts puts it on a port or a socket. */
export function createApi(deps: ApiDeps): Api {
  const app = createApp();

  app.use(requestLog(deps.log), securityHeaders, headWithoutBody, hostCheck(deps.allowedHosts));
  const authenticated = authenticate(deps.tokens);
  app.use('/v1/*', authenticated);
  app.use('/metrics', authenticated);

  registerContainers(app, deps);
  registerCreate(app, deps);
  registerUpdate(app, deps);
  registerRevisions(app, deps);
  registerLogs(app, deps);
  registerEvents(app, deps);
  registerGpuModels(app);
  registerGpus(app, deps);
  registerLogin(app, deps);
  registerUsers(app, deps);
  registerTokens(app, deps);
  registerHealth(app);
  registerMetrics(app, deps);
  registerDocs(app);
  registerDocument(app, deps.version);

  app.notFound(otherMethods(app));
  app.onError((error, c) => {
    if (!isExpected(error)) deps.log.error({ err: error, requestId: c.get('requestId') }, 'a request failed');
    return problemResponse(c, error);
  });
  return app;
}
