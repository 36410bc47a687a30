import { z } from '@hono/zod-openapi';
import { isSubject, SUBJECT_PATTERN } from '../../auth/claims.ts';
import { duration } from './amounts.ts';
import { saying } from './texts.ts';

const NAME_PATTERN = /^[A-Za-z0-9._@-]{1,64}$/;
const NAME = 'must be 1 to 64 letters, digits, ".", "_", "-" and "@"';
const PASSWORD = 'must be a text of 8 to 1024 characters';
const ROLES = 'must be a list of at most 16 texts of 1 to 64 letters, digits, "_", ":" and "-"';
const SUB = 'must be a text of 1 to 255 visible characters';
const OBJECT = saying('The body must be a JSON object.');
const YEAR_MS = 366 * 24 * 3_600_000;

const Roles = z
  .array(z.string(saying(ROLES)).regex(/^[A-Za-z0-9_:-]{1,64}$/, ROLES), saying(ROLES))
  .max(16, ROLES)
  .openapi({ example: ['ADMIN'], description: 'ADMIN may see and change everything.' });

/** A user to add. */
export const NewUser = z.strictObject(
  {
    name: z.string(saying(NAME)).regex(NAME_PATTERN, NAME),
    password: z.string(saying(PASSWORD)).min(8, PASSWORD).max(1024, PASSWORD),
    roles: Roles.prefault([]),
  },
  OBJECT,
);

/** A user as the API shows one. */
export const UserView = z
  .object({ id: z.uuid(), name: z.string(), roles: z.array(z.string()) })
  .strict()
  .openapi('User');

/** Whom a token is for, and for how long. */
export const NewToken = z
  .strictObject(
    {
      sub: z
        .string(saying(SUB))
        .refine(isSubject, SUB)
        .optional()
        .openapi({
          pattern: SUBJECT_PATTERN.source,
          description:
            "The user's id; the caller's own when both this and `user` are left out. `local` is whoever asks over the Unix socket: " +
            'a token for it speaks for their containers, and as ADMIN only with that role.',
        }),
      user: z.string(saying(NAME)).regex(NAME_PATTERN, NAME).optional().openapi({
        description: 'In place of `sub`, the name of a user that was added. 404 where there is none.',
      }),
      roles: Roles.optional().openapi({
        description: 'ADMIN may see and change everything. When left out: those of `user`, else none.',
      }),
      ttl: duration('24h', 1_000, YEAR_MS, 'from "1s" to "8784h"').prefault('24h'),
    },
    OBJECT,
  )
  .refine(({ sub, user }) => sub === undefined || user === undefined, {
    path: ['user'],
    error: 'must be left out where "sub" is given: both say whom the token is for',
  })
  .openapi({ not: { required: ['sub', 'user'] } });

/** A token for a name and a password. */
export const TokenView = z.object({ token: z.string() }).strict().openapi('Token');

/** A token made for someone, and when it ends. */
export const IssuedTokenView = z
  .object({ token: z.string(), expires: z.iso.datetime() })
  .strict()
  .openapi('IssuedToken');
