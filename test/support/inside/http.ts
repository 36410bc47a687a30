import { existsSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';

/**
 * Runs inside a test's machine, on the Node that berth brought there. Reads a JSON request as its argument and prints what came
 * of it as JSON. With `whileThere` it asks again and again while that file is there, four at a time, each on a connection of its
 * own.
 */
interface Ask {
  url: string;
  method?: string;
  headers?: Record<string, string>;
  body?: unknown;
  whileThere?: string;
}

interface Answer {
  status: number;
  body: string;
}

async function main(ask: Ask): Promise<void> {
  const print = (result: unknown) => process.stdout.write(`${JSON.stringify(result)}\n`);
  const { whileThere: file } = ask;
  print(file === undefined ? await once(ask) : await again(ask, () => existsSync(file)));
}

async function again(ask: Ask, goOn: () => boolean): Promise<{ requests: number; failures: string[] }> {
  let requests = 0;
  const failures: string[] = [];
  const client = async () => {
    while (goOn()) {
      requests += 1;
      const failure = await once(ask).then(
        ({ status }) => (status === 200 ? undefined : `status ${status}`),
        (error: Error) => error.message,
      );
      if (failure !== undefined) failures.push(failure);
    }
  };
  await Promise.all([client(), client(), client(), client()]);
  return { requests, failures };
}

async function once({ url, method = 'GET', headers = {}, body }: Ask): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const type = payload === undefined ? {} : { 'content-type': 'application/json' };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const signal = AbortSignal.timeout(30_000);
  request(url, { method, headers: { ...type, ...headers }, agent: false, signal }, resolve)
    .on('error', reject)
    .end(payload);
  const response = await promise;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}

await main(JSON.parse(process.argv[2] ?? '{}'));
