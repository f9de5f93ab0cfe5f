import { Body, Controller, Delete, Get, Headers, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { instant } from '@vouchsafe/database';
import {
  Caller,
  cursorOf,
  Operation,
  page,
  pageOf,
  pageQuery,
  type PageQuery,
  type Permission,
  permissions,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { organizationOf } from '../request.js';
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
const cursor = cursorOf(z.strictObject({ createdAt: z.iso.datetime(), apiKeyId: z.uuid() }));

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
    return this.identity.database.forOrganization(organizationOf(caller), async (sql) => {
      const rows = await sql.query<ApiKeyRow>(
        `select * from api_key
         where $1::timestamptz is null or (created_at, api_key_id) > ($1, $2::uuid)
         order by created_at, api_key_id limit $3`,
        [after?.createdAt ?? null, after?.apiKeyId ?? null, query.limit + 1],
      );
      return page(
        rows.map(shown),
        query.limit,
        ({ createdAt, apiKeyId }) => ({ createdAt, apiKeyId }),
        cursor.write,
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

interface ApiKeyRow {
  readonly api_key_id: string;
  readonly name: string;
  readonly start: string;
  readonly source: string;
  readonly scopes: Permission[];
  readonly created_by: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
}

function shown(row: ApiKeyRow) {
  return {
    apiKeyId: row.api_key_id,
    name: row.name,
    start: row.start,
    source: row.source,
    scopes: row.scopes,
    createdBy: row.created_by,
    createdAt: instant(row.created_at).toISOString(),
    expiresAt: isoOrNull(row.expires_at),
    lastUsedAt: isoOrNull(row.last_used_at),
    revokedAt: isoOrNull(row.revoked_at),
  };
}

function isoOrNull(text: string | null): string | null {
  return text === null ? null : instant(text).toISOString();
}
