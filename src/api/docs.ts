import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { ApiEnv } from './context.ts';
import type { Api } from './openapi.ts';

/** Everything comes from here: no other host, no inline script. */
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>berth API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

/** No validator: it would send the document's address to another host. */
const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', validatorUrl: null });\n`;

const ASSETS = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

/** `GET /docs`: the OpenAPI document for people, from files that come with us. */
export function registerDocs(app: Api): void {
  const { resolve } = createRequire(import.meta.url);
  app.get('/docs', (c) => text(c, PAGE, 'text/html; charset=utf-8'));
  app.get('/docs/start.js', (c) => text(c, START, 'text/javascript; charset=utf-8'));
  for (const [name, type] of Object.entries(ASSETS)) {
    const file = resolve(`swagger-ui-dist/${name}`);
    app.get(`/docs/${name}`, (c) => {
      c.header('Cache-Control', 'max-age=3600');
      c.header('Content-Type', type);
      return c.body(Readable.toWeb(createReadStream(file)));
    });
  }
}

function text(c: Context<ApiEnv>, body: string, type: string): Response {
  return c.body(body, 200, { 'Content-Type': type, 'Content-Security-Policy': CSP });
}
