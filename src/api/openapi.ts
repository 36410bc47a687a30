import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { ZodType } from 'zod';
import { DomainError } from '../domain/errors.ts';
import type { ApiEnv } from './context.ts';
import { fieldErrors, invalid } from './field-errors.ts';
import { PROBLEMS, type ProblemCode } from './problem.ts';

/** The application with its document. */
export type Api = OpenAPIHono<ApiEnv>;

/** Any error (RFC 9457). */
export const ProblemView = z
  .object({
    type: z.string().openapi({ example: 'urn:berth:problem:invalid' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    errors: z
      .array(
        z.object({ path: z.string().openapi({ example: 'volumes.0.path' }), message: z.string() }).strict(),
      )
      .optional()
      .openapi({ description: 'The fields at fault, all of them.' }),
    requestId: z.string().optional().openapi({
      description: 'With a 500, and a 503 of berth’s own disk: what to look for in the log.',
    }),
  })
  .strict()
  .openapi('Problem', {
    description:
      'What went wrong (RFC 9457). `type` is `urn:berth:problem:` and one of ' +
      `${Object.keys(PROBLEMS).join(', ')}; \`detail\` is written for a person.`,
  });

/** An empty application whose validators refuse in our own words. */
export function createApp(): Api {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (result.success) return;
      // A path's only parameter is an id, and a malformed one is as unknown as any other.
      if (result.target === 'param') throw new DomainError('not-found', 'There is nothing with this id.');
      throw invalid(fieldErrors(result.error));
    },
  });
}

/** A JSON answer in the document. */
export function json<S extends ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** A JSON body in the document; body.ts reads it, so that the limit on its size comes first. */
export function jsonBody(api: Api, name: string, schema: ZodType) {
  api.openAPIRegistry.register(name, schema);
  return {
    required: true,
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
  };
}

/** Errors in the document: the given ones and those that any request under /v1 may meet. */
export function problems(...codes: readonly ProblemCode[]) {
  const all = [
    ...new Set<ProblemCode>([...codes, 'unauthenticated', 'misdirected', 'internal', 'unavailable']),
  ];
  return Object.fromEntries(all.map((code) => [PROBLEMS[code].status, problemAnswer(code)]));
}

/** Where a title alone doesn't tell a client what happened and what to do. */
const DESCRIPTIONS: Partial<Record<ProblemCode, string>> = {
  unavailable:
    "berth can't answer now: its disk is full, read-only or fails, or the keys that check tokens can't be fetched. Try " +
    'again after `Retry-After` seconds.',
};

function problemAnswer(code: ProblemCode) {
  return {
    description: DESCRIPTIONS[code] ?? PROBLEMS[code].title,
    content: { 'application/problem+json': { schema: ProblemView } },
  };
}
