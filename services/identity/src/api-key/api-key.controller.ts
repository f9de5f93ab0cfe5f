import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { exactTime, instant } from '@vouchsafe/database';
import {
  Caller,
  cursorOf,
  Operation,
  pageFound,
  pageOf,
  pageQuery,
  type PageQuery,
  permissions,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { organizationOf } from '../request.js';
import { ApiKey } from './api-key.entity.js';
import { createApiKey, createdApiKey, type CreatedApiKey, newApiKey, revokeApiKey } from './api-keys.js';

const apiKeys = pageOf(
  z
    .strictObject({
      apiKeyId: z.uuid(),
      name: z.string(),
      start: z.string().describe('The first characters of the key'),
      source: z.string(),
      scopes: z.array(z.enum(permissions)),
      createdBy: z.uuid(),
      createdAt: z.iso.datetime(),
      expiresAt: z.iso.datetime().nullable(),
      lastUsedAt: z.iso.datetime().nullable(),
      revokedAt: z.iso.datetime().nullable(),
    })
    .meta({ id: 'ApiKey' }),
);
const path = z.strictObject({ id: z.uuid() });
const cursor = cursorOf(z.strictObject({ createdAt: z.iso.datetime({ offset: true }), apiKeyId: z.uuid() }));

@Controller('v1/api-keys')
export class ApiKeyController {
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Get()
  @Operation({
    permission: 'api-keys:write',
    operation: 'api-key.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'API keys, oldest first; never the keys themselves',
    answers: { 200: apiKeys },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof apiKeys>> {
    const after = cursor.read(query.cursor);
    return this.identity.database.forOrganization(organizationOf(caller), async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findByCursor(ApiKey, {
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        orderBy: { createdAt: 'asc', apiKeyId: 'asc' },
      });
      return pageFound(found, shown, ({ createdAt, apiKeyId }) =>
        cursor.write({ createdAt: exactTime(createdAt), apiKeyId }),
      );
    });
  }

  @Post()
  @Operation({
    permission: 'api-keys:write',
    operation: 'api-key.create',
    entity: { type: 'api-key', id: 'response.apiKeyId' },
    effect: 'write',
    summary: 'Make a key for programs; it is shown once',
    answers: { 201: createdApiKey },
    problems: ['forbidden', 'not-found', 'rejected', 'step-up-required'],
    idempotent: true,
  })
  create(
    @Caller() caller: Caller,
    @Body({ schema: newApiKey }) body: z.output<typeof newApiKey>,
    @Headers('idempotency-key') key?: string,
  ): Promise<CreatedApiKey> {
    return createApiKey(this.identity, caller, body, key);
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'api-keys:write',
    operation: 'api-key.revoke',
    entity: { type: 'api-key', id: 'path.id' },
    effect: 'write',
    summary: 'Revoke a key; it is dead at once',
    answers: { 204: null },
    problems: ['not-found'],
  })
  async revoke(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    await revokeApiKey(this.identity, caller, id);
  }
}

function shown({ apiKeyId, name, start, source, scopes, createdBy, ...times }: ApiKey) {
  return {
    ...{ apiKeyId, name, start, source, scopes, createdBy },
    createdAt: instant(times.createdAt).toISOString(),
    expiresAt: isoOrNull(times.expiresAt),
    lastUsedAt: isoOrNull(times.lastUsedAt),
    revokedAt: isoOrNull(times.revokedAt),
  };
}

function isoOrNull(text: string | null | undefined): string | null {
  return text ? instant(text).toISOString() : null;
}
