import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { fieldsOf, HELLO, idOf, startApi, type TestApi } from './api.ts';

const Schema = z.object({ pattern: z.string(), maxLength: z.number().optional() });
const Document = z.object({
  components: z.object({
    schemas: z.object({
      NewContainer: z.object({
        properties: z.object({
          ...{
            image: Schema,
            ram: Schema,
            ephemeralStorage: Schema,
            requestTimeout: Schema,
            shmSize: Schema,
          },
          hostnames: z.object({ items: Schema }),
          port: z.object({ anyOf: z.tuple([Schema, z.unknown()]) }),
        }),
      }),
      NewToken: z.object({ properties: z.object({ sub: Schema, ttl: Schema }) }),
    }),
  }),
  paths: z.object({
    '/v1/containers/{id}/logs': z.object({
      get: z.object({ parameters: z.array(z.object({ name: z.string(), schema: z.json() })) }),
    }),
  }),
});

let api: TestApi;
let id: string;
let document: z.infer<typeof Document>;

beforeAll(async () => {
  // A machine that refuses nothing for its size.
  api = await startApi({ machine: () => undefined });
  id = idOf(await api.call('POST', '/v1/containers', { body: HELLO }));
  document = Document.parse((await api.call('GET', '/openapi.json', { token: null })).json);
});
afterAll(() => api[Symbol.asyncDispose]());

/** Texts that a schema allows. The generator knows no lookahead: it goes without, and what that would refuse is left out. */
function textsOf({ pattern, maxLength = 2_000 }: z.infer<typeof Schema>): fc.Arbitrary<string> {
  const whole = new RegExp(pattern, 'u');
  const plain = new RegExp(pattern.replaceAll(/\(\?!(?:[^()]|\([^()]*\))*\)/g, ''), 'u');
  return fc.stringMatching(plain).filter((text) => text.length <= maxLength && whole.test(text));
}

describe('what a pattern of the document matches is taken', () => {
  async function taken(schema: z.infer<typeof Schema>, ask: (text: string) => Promise<{ status: number }>) {
    await fc.assert(
      fc.asyncProperty(textsOf(schema), async (text) => {
        expect((await ask(text)).status).toBeLessThan(300);
      }),
      { numRuns: 60 },
    );
  }

  test.each(['image', 'ram', 'ephemeralStorage', 'shmSize', 'requestTimeout', 'port', 'hostnames'] as const)(
    '%s of a container',
    async (field) => {
      const { port, hostnames, ...plain } = document.components.schemas.NewContainer.properties;
      const schemas = { ...plain, port: port.anyOf[0], hostnames: hostnames.items };
      await taken(schemas[field], (text) =>
        api.call('PUT', `/v1/containers/${id}`, { body: { [field]: field === 'hostnames' ? [text] : text } }),
      );
    },
  );

  test.each(['sub', 'ttl'] as const)('%s of a token', async (field) => {
    await taken(document.components.schemas.NewToken.properties[field], (text) =>
      api.call('POST', '/v1/tokens', { body: { [field]: text } }),
    );
  });

  test.each(['since', 'tail', 'Last-Event-ID'])('%s of a log', async (name) => {
    const { parameters } = document.paths['/v1/containers/{id}/logs'].get;
    const schema = Schema.parse(parameters.find((parameter) => parameter.name === name)?.schema);
    const log = `/v1/containers/${id}/logs?follow=false`;
    await taken(schema, (text) =>
      name === 'Last-Event-ID'
        ? api.call('GET', log, { headers: { [name]: text } })
        : api.call('GET', `${log}&${name}=${encodeURIComponent(text)}`),
    );
  });
});

describe('what is refused does not match', () => {
  test.each([
    [
      'image',
      [
        'a:1',
        'a/b.c:1',
        'localhost:5000/a:1',
        'h:65535/a:1',
        'a.b/c:1',
        `${'a'.repeat(255)}:${'t'.repeat(128)}`,
      ],
      [
        ...[
          'a',
          'sha256:1',
          `${'a'.repeat(64)}:1`,
          `${'a'.repeat(256)}:1`,
          'h:65536/a:1',
          '[::1]:5000/a:1',
          'a..b/c:1',
        ],
        ...['a__0.a/a:1', 'A:1', 'a/B:1', 'a:1:2', 'a@sha256:0', `a:${'t'.repeat(129)}`],
      ],
    ],
    [
      'ram',
      ['6Mi', '512Mi', '0.5Gi', '1.5Gi', '64G', '2Ti', '1073741824'],
      ['5Mi', '6', '1Ki', '512MB', '0Gi'],
    ],
    ['shmSize', ['1Mi', '64Mi', '2M', '0.5Gi', '1.5Gi', '99999999'], ['1023Ki', '1M', '1', '64m', '0.5Mi']],
    ['ephemeralStorage', ['1', '10Gi', '0.5Ti', '1k'], ['0', '0Gi', '0.0Mi', '-1Gi']],
    [
      'requestTimeout',
      ['1s', '1000ms', '5m', '24h', '1h30m', '90s', '86400s'],
      ['0s', '999ms', '25h', '24h1s', '5'],
    ],
  ] as const)('%s', async (field, fine, wrong) => {
    const pattern = new RegExp(document.components.schemas.NewContainer.properties[field].pattern);
    for (const [texts, is] of [
      [fine, true],
      [wrong, false],
    ] as const) {
      for (const text of texts) {
        expect([text, pattern.test(text)]).toEqual([text, is]);
        const answer = await api.call('PUT', `/v1/containers/${id}`, { body: { [field]: text } });
        expect([text, answer.status]).toEqual([text, is ? 200 : 400]);
        if (!is) expect(fieldsOf(answer)).toEqual([field]);
      }
    }
  });
});
