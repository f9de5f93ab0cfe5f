import { Controller, Get, Header, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { userId } from '@vouchsafe/event-sourcing';
import { Caller, Operation } from '@vouchsafe/service-host';
import { z } from 'zod';
import { IDENTITY, type Identity } from '../identity.js';
import { type ErasureView, erasureView, readErasure, requestErasure } from './erasures.js';

const memberPath = z.strictObject({ id: userId });

@Controller('v1/members/:id/erasure')
export class ErasureController {
  constructor(@Inject(IDENTITY) private readonly identity: Identity) {}

  @Post()
  @HttpCode(202)
  @Operation({
    permission: 'members:write',
    operation: 'member.erase',
    entity: { type: 'user', id: 'path.id' },
    effect: 'write',
    summary:
      'Forget a member or a former one: access ends at once; every service destroys its keys of the person and gives a receipt',
    answers: { 202: erasureView },
    problems: ['not-found', 'conflict', 'forbidden', 'step-up-required'],
    idempotent: true,
  })
  request(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
    @Headers('idempotency-key') key?: string,
  ): Promise<ErasureView> {
    return requestErasure(this.identity, caller, id, key);
  }

  @Get()
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'members:read',
    operation: 'member.read-erasure',
    entity: { type: 'user', id: 'path.id' },
    effect: 'read',
    summary: 'How far the erasure of a person is, with the receipt of each service',
    answers: { 200: erasureView },
    problems: ['not-found'],
  })
  read(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
  ): Promise<ErasureView> {
    return readErasure(this.identity, caller, id);
  }
}
