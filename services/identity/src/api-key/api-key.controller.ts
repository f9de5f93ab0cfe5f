import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  accepted,
  Caller,
  Operation,
  type PageQuery,
  pageQuery,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import type { ApiKeyRejection } from './api-key.decider.js';
import {
  CreateApiKey,
  createdApiKey,
  type CreatedApiKey,
  newApiKey,
  type NewApiKey,
} from './create-api-key.js';
import { apiKeyPage, ListApiKeys } from './list-api-keys.js';
import { RevokeApiKey } from './revoke-api-key.js';

const path = z.strictObject({ id: z.uuid() });

/** How each rejection is answered. */
const problems = {
  'already-created': ['conflict', 'The API key already exists'],
  'scope-beyond-creator': ['forbidden', 'An API key can have only scopes that your own role allows'],
  'expires-in-the-past': ['rejected', 'The expiry date has passed'],
  'not-live': ['not-found', 'There is no such API key, or it has been revoked'],
} as const satisfies Record<ApiKeyRejection['rejected'], RejectionProblem>;

@Controller('v1/api-keys')
export class ApiKeyController {
  constructor(
    private readonly listApiKeys: ListApiKeys,
    private readonly createApiKey: CreateApiKey,
    private readonly revokeApiKey: RevokeApiKey,
  ) {}

  @Get()
  @Operation({
    permission: 'api-keys:write',
    operation: 'api-key.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'API keys, oldest first; the keys themselves are not shown',
    answers: { 200: apiKeyPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof apiKeyPage>> {
    return this.listApiKeys.list(caller, query);
  }

  @Post()
  @Operation({
    permission: 'api-keys:write',
    operation: 'api-key.create',
    entity: { type: 'api-key', id: 'response.apiKeyId' },
    effect: 'write',
    summary: 'Create a key for a program; it is shown once',
    answers: { 201: createdApiKey },
    problems: ['forbidden', 'not-found', 'rejected', 'step-up-required'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Body({ schema: newApiKey }) body: NewApiKey,
    @Headers('idempotency-key') key?: string,
  ): Promise<CreatedApiKey> {
    return accepted(await this.createApiKey.create(caller, body, key), problems);
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'api-keys:write',
    operation: 'api-key.revoke',
    entity: { type: 'api-key', id: 'path.id' },
    effect: 'write',
    summary: 'Revoke a key; it stops working at once',
    answers: { 204: null },
    problems: ['not-found'],
  })
  async revoke(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    accepted(await this.revokeApiKey.revoke(caller, id), problems);
  }
}
