import type { Api } from './openapi.ts';

/** The OpenAPI document, from the schemas that requests are checked with. Made once, after all routes. */
export function registerDocument(app: Api, version: string): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token from `berth token`, or from GET /v1/users/token.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'basic', { type: 'http', scheme: 'basic' });
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'berth',
      version,
      description:
        'Send an image, get a URL. Errors are `application/problem+json` (RFC 9457). A path takes HEAD where it takes GET, and OPTIONS; ' +
        'another method is a 405 with `Allow`. Over the Unix socket no token is asked and the caller is the user `local`, as ADMIN.',
    },
  });
  app.get('/openapi.json', (c) => c.json(document));
}
