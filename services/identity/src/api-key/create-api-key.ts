/** @promise P22 shows an API key once and keeps its hash */
import { Injectable } from '@nestjs/common';
import { sourceName, sourceOfKey } from '@vouchsafe/contracts';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  createOnce,
  envelopeOf,
  expiry,
  Ids,
  keyPermissions,
  permissionMeanings,
  plainLine,
  problem,
} from '@vouchsafe/service-host';
import { secret, type Secret, Vault } from '@vouchsafe/vault';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { apiKeyAggregate } from './api-key.aggregate.js';
import { secretHash } from '../link-token.js';
import { permissionsOf } from '../permission/permissions.js';
import { principalOf } from '../request.js';
import { readAccount } from '../user/accounts.js';
import type { ApiKeyRejection } from './api-key.decider.js';
import { ApiKey } from './api-key.entity.js';

export const newApiKey = z
  .strictObject({
    name: plainLine(100, 'What you call the key'),
    scopes: z
      .array(z.enum(keyPermissions))
      .min(1)
      .max(keyPermissions.length)
      .describe(
        'The permissions that the key has: ' +
          keyPermissions.map((scope) => `\`${scope}\` (${permissionMeanings[scope]})`).join('; ') +
          '. It never has more than the role of its creator allows',
      ),
    expiresAt: expiry.nullish().describe('When the key stops working; never, where it is left out'),
    source: sourceName
      .optional()
      .describe(
        'The source of the audit entries that it submits: their ids are unique within it. By default the key has a source of its own',
      ),
    replaces: z
      .uuid()
      .optional()
      .describe(
        'The key whose source it takes over, so that entries that key submitted are not recorded twice; not together with `source`',
      ),
  })
  .refine(({ source, replaces }) => source === undefined || replaces === undefined, {
    path: ['source'],
    message: 'must be left out when `replaces` is given: the new key takes the source of that key',
  })
  .meta({
    examples: [
      { name: 'Back end', scopes: ['audit:write'], expiresAt: '2099-12-31T23:59:59Z', source: 'shop' },
    ],
  });

export type NewApiKey = z.output<typeof newApiKey>;

export const createdApiKey = z
  .strictObject({
    apiKeyId: z.uuid(),
    name: z.string(),
    scopes: z.array(z.enum(keyPermissions)).describe('What it may do, as far as its creator may'),
    expiresAt: z.iso.datetime().nullable(),
    source: z.string().describe('The source of the audit entries that it submits'),
    key: z
      .string()
      .optional()
      .describe('The key itself, shown only now; a repeated request is answered without it'),
  })
  .meta({ id: 'NewApiKey' });
export type CreatedApiKey = z.infer<typeof createdApiKey>;

/** What a person can read of a key again, to tell it from others: the prefix and a few characters. */
const SHOWN = 'vs_'.length + 5;

@Injectable()
export class CreateApiKey {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Vault,
    private readonly clock: Clock,
    private readonly ids: Ids,
  ) {}

  /** A key for programs, with a part of its creator's permissions (P02); an administrator's recent proof is asked for. */
  async create(
    caller: Caller,
    { name, scopes, expiresAt, ...named }: NewApiKey,
    idempotencyKey: string | undefined,
  ): Promise<CreatedApiKey | ApiKeyRejection> {
    const { organizationId, userId } = principalOf(caller);
    const at = this.clock.now();
    assertRecentlyAuthenticated(caller, at);
    const expires = expiresAt == null ? null : new Date(expiresAt);
    const once = {
      ...{ organizationId, caller, at },
      operation: 'api-key.create',
      key: idempotencyKey,
      request: { name, scopes, expiresAt: expiresAt ?? null, ...named },
    };
    return this.store.transact(organizationId, envelopeOf(caller, at), (unit) =>
      createOnce(this.vault, unit, once, async () => {
        const [apiKeyId, key] = [this.ids.newId(), newKey()];
        const { role } = await readAccount(this.vault, unit, userId);
        const source = await sourceFor(unit, apiKeyId, named);
        const unique = [...new Set(scopes)];
        const created = await unit.execute(apiKeyAggregate, apiKeyId, {
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
        });
        if (isRejected(created)) return created;
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
      }),
    );
  }
}

/** Also of a key that is revoked or has expired: what it submitted is known under its source. */
async function sourceFor(
  unit: UnitOfWork,
  apiKeyId: string,
  { source, replaces }: Pick<NewApiKey, 'source' | 'replaces'>,
): Promise<string> {
  if (replaces === undefined) return source ?? sourceOfKey(apiKeyId);
  const replaced = await (await unit.entityManager()).findOne(ApiKey, replaces);
  if (!replaced)
    throw problem('not-found', {
      errors: [{ pointer: '/replaces', detail: 'must be the id of an API key of the organization' }],
    });
  return replaced.source;
}

/** A prefix by which scanners for leaked secrets know it, and 256 random bits. */
function newKey(): Secret {
  return secret(`vs_${randomBytes(32).toString('base64url')}`);
}
