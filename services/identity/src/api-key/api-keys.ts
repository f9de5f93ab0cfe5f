import type { Caller, Permission } from '@vouchsafe/service-host';
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
import { apiKeyProblems } from './api-key.problems.js';

/**
 * What a program may do (P02). Members, keys and the organization itself are changed by people, who prove themselves anew; a key
 * can't, and a leaked one must not be worth more than what it was made for.
 */
export const keyScopes = [
  'organization:read',
  'members:read',
  'audit:read',
  'audit:write',
  'audit:export',
  'security:read',
] as const satisfies readonly Permission[];

export const newApiKey = z.strictObject({
  name: z.string().trim().min(1).max(100),
  scopes: z.array(z.enum(keyScopes)).min(1).max(keyScopes.length),
  expiresAt: z.iso.datetime().nullable().optional(),
});

export const createdApiKey = z.strictObject({
  apiKeyId: z.uuid(),
  name: z.string(),
  scopes: z.array(z.enum(keyScopes)),
  expiresAt: z.iso.datetime().nullable(),
  /** Shown this once; a repetition of the request is answered without it (P22). */
  key: z.string().optional(),
});
export type CreatedApiKey = z.infer<typeof createdApiKey>;

/** What a person can read of a key again, to tell it from others: the prefix and a few characters. */
const SHOWN = 'vs_'.length + 5;

/** A key for programs, with a part of its creator's permissions (P02); an administrator's recent proof is asked for. */
export async function createApiKey(
  identity: Identity,
  caller: Caller,
  { name, scopes, expiresAt }: z.output<typeof newApiKey>,
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
        request: { name, scopes, expiresAt: expiresAt ?? null },
      },
      async () => {
        const [apiKeyId, at, key] = [identity.newId(), identity.now(), newKey()];
        const { role } = await readAccount(identity, unit, userId);
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
            at,
          }),
          apiKeyProblems,
        );
        await unit.query(
          `insert into api_key (organization_id, api_key_id, key_hash, start, name, scopes, created_by, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
          [
            organizationId,
            apiKeyId,
            secretHash(key),
            key.reveal().slice(0, SHOWN),
            name,
            unique,
            userId,
            at,
            expires,
          ],
        );
        const keep = { apiKeyId, name, scopes: unique, expiresAt: expires?.toISOString() ?? null };
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

/** A prefix by which scanners for leaked secrets know it, and 256 random bits. */
function newKey(): Secret {
  return secret(`vs_${randomBytes(32).toString('base64url')}`);
}
