import type { Context } from 'hono';
import type { ZodType } from 'zod';
import { DomainError } from '../domain/errors.ts';
import type { ApiEnv } from './context.ts';
import { fieldErrors, invalid } from './field-errors.ts';
import { reservedNames } from './json-tree.ts';
import { HttpError } from './problem.ts';

/** A JSON body may have so many bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]+\+)?json$/i;

/** Reads a JSON body and parses it in one step. Throws 413, 415, or 400 that names the fields. */
export async function readBody<T>(c: Context<ApiEnv>, schema: ZodType<T>): Promise<T> {
  requireJson(c.req.header('Content-Type'));
  const value = parseJson(await readText(c));
  const reserved = reservedNames(value);
  const result = schema.safeParse(value);
  if (reserved.length > 0 || !result.success) {
    throw invalid([...reserved, ...(result.success ? [] : fieldErrors(result.error))]);
  }
  return result.data;
}

function requireJson(contentType: string | undefined): void {
  const [type = '', ...parameters] = (contentType ?? '').split(';');
  const charset = parameters
    .map((text) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/i.exec(text)?.[1])
    .find(Boolean);
  if (JSON_TYPE.test(type.trim()) && /^(?:utf-?8|us-ascii)$/i.test(charset ?? 'utf-8')) return;
  throw new HttpError(
    'unsupported-media-type',
    'The body must be JSON in UTF-8: send the header "Content-Type: application/json".',
  );
}

/** The body as text, never holding more than the limit. */
async function readText(c: Context<ApiEnv>): Promise<string> {
  if (Number(c.req.header('Content-Length') ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readable(c.req.raw.body)) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new DomainError('invalid', 'The body is not JSON: it holds bytes that are no UTF-8.');
  }
}

async function* readable(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new DomainError('invalid', 'The body broke off before its end: send the request again.');
      });
      if (done) return;
      yield value;
    }
  } finally {
    // Whatever else the client sends is not read; its failure to send it is no concern of ours.
    reader.cancel().catch(() => {});
  }
}

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new DomainError('invalid', 'The body is empty: send a JSON object.');
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError(
      'invalid',
      'The body is not JSON: check its quotes, commas and brackets, and that it is whole.',
    );
  }
}

function tooLarge(): HttpError {
  return new HttpError('too-large', `The body is larger than ${MAX_BODY_BYTES} bytes (1 MiB).`, {
    Connection: 'close',
  });
}
