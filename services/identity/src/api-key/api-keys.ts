/** @promise P22 shows an API key once and keeps its hash */
import { sourceName, sourceOfKey } from '@vouchsafe/contracts';
import type { UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, expiry, keyPermissions, problem, words } from '@vouchsafe/service-host';
import { secret, type Secret } from '@vouchsafe/vault';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { createOnce } from '../idempotent.js';
import type { Identity } from '../identity.js';
import { secretHash } from '../link-token.js';
import { permissionsOf } from '../permission/permissions.js';
import {
  accepted,
  assertRecentlyAuthenticated,
  envelopeOf,
  organizationOf,
  principalOf,
} from '../request.js';
import { readAccount } from '../user/accounts.js';
import { ApiKey } from './api-key.entity.js';
import { apiKeyProblems } from './api-key.problems.js';

export const newApiKey = z
  .strictObject({
    name: words(100),
    scopes: z.array(z.enum(keyPermissions)).min(1).max(keyPermissions.length),
    expiresAt: expiry.nullish(),
    source: sourceName
      .optional()
      .describe(
        'The source of the audit entries that it submits: their ids are unique within it. Its own, unless one is named',
      ),
    replaces: z
      .uuid()
      .optional()
      .describe(
        'The key whose source it takes over, so that what that key submitted stays known; without `source`',
      ),
  })
  .refine(({ source, replaces }) => source === undefined || replaces === undefined, {
    path: ['source'],
    message: 'comes from the key that is replaced',
  })
  .meta({
    examples: [
      { name: 'Back end', scopes: ['audit:write'], expiresAt: '2099-12-31T23:59:59Z', source: 'shop' },
    ],
  });

export const createdApiKey = z
  .strictObject({
    apiKeyId: z.uuid(),
    name: z.string(),
    scopes: z.array(z.enum(keyPermissions)),
    expiresAt: z.iso.datetime().nullable(),
    source: z.string(),
    key: z
      .string()
      .optional()
      .describe('Shown this once; a repetition of the request is answered without it'),
  })
  .meta({ id: 'NewApiKey' });
export type CreatedApiKey = z.infer<typeof createdApiKey>;

/** What a person can read of a key again, to tell it from others: the prefix and a few characters. */
const SHOWN = 'vs_'.length + 5;

/** A key for programs, with a part of its creator's permissions (P02); an administrator's recent proof is asked for. */
export async function createApiKey(
  identity: Identity,
  caller: Caller,
  { name, scopes, expiresAt, ...named }: z.output<typeof newApiKey>,
  idempotencyKey: string | undefined,
): Promise<CreatedApiKey> {
  const { organizationId, userId } = principalOf(caller);
  assertRecentlyAuthenticated(identity, caller);
  const expires = expiresAt == null ? null : new Date(expiresAt);
  return identity.store.transact(organizationId, envelopeOf(identity, caller), (unit) =>
    createOnce<CreatedApiKey>(
      identity,
      unit,
      {
        caller,
        operation: 'api-key.create',
        key: idempotencyKey,
        request: { name, scopes, expiresAt: expiresAt ?? null, ...named },
      },
      async () => {
        const [apiKeyId, at, key] = [identity.newId(), identity.now(), newKey()];
        const { role } = await readAccount(identity, unit, userId);
        const source = await sourceFor(unit, apiKeyId, named);
        const unique = [...new Set(scopes)];
        accepted(
          await unit.execute(identity.aggregates.apiKey, apiKeyId, {
            type: 'create',
            organizationId,
            apiKeyId,
            createdBy: userId,
            name,
            scopes: unique,
            creatorMay: permissionsOf(role),
            expiresAt: expires,
            ...{ source, replaces: named.replaces ?? null },
            at,
          }),
          apiKeyProblems,
        );
        (await unit.entityManager()).create(ApiKey, {
          ...{ organizationId, apiKeyId, name, source },
          keyHash: secretHash(key),
          start: key.reveal().slice(0, SHOWN),
          scopes: unique,
          createdBy: userId,
          createdAt: at.toISOString(),
          expiresAt: expires?.toISOString() ?? null,
        });
        const keep = { apiKeyId, name, scopes: unique, expiresAt: expires?.toISOString() ?? null, source };
        return { body: { ...keep, key: key.reveal() }, keep };
      },
    ),
  );
}

export async function revokeApiKey(identity: Identity, caller: Caller, apiKeyId: string): Promise<void> {
  await identity.store.transact(organizationOf(caller), envelopeOf(identity, caller), async (unit) =>
    accepted(
      await unit.execute(identity.aggregates.apiKey, apiKeyId, { type: 'revoke', reason: 'revoked' }),
      apiKeyProblems,
    ),
  );
}

/** Also of a key that is revoked or has expired: what it submitted is known under its source. */
async function sourceFor(
  unit: UnitOfWork,
  apiKeyId: string,
  { source, replaces }: Pick<z.output<typeof newApiKey>, 'source' | 'replaces'>,
): Promise<string> {
  if (replaces === undefined) return source ?? sourceOfKey(apiKeyId);
  const replaced = await (await unit.entityManager()).findOne(ApiKey, replaces);
  if (!replaced)
    throw problem('not-found', { errors: [{ pointer: '/replaces', detail: 'There is no such key' }] });
  return replaced.source;
}

/** A prefix by which scanners for leaked secrets know it, and 256 random bits. */
function newKey(): Secret {
  return secret(`vs_${randomBytes(32).toString('base64url')}`);
}
