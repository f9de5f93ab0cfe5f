import { Controller, Get, Header, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { userId } from '@vouchsafe/event-sourcing';
import { accepted, Caller, Operation, type RejectionProblem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { organizationProblems } from '../organization/organization.problems.js';
import type { ErasureRejection } from './erasure.decider.js';
import { type ErasureView, erasureView } from './erasure-view.js';
import { ReadErasure } from './read-erasure.js';
import { RequestErasure } from './request-erasure.js';

const memberPath = z.strictObject({ id: userId });

/** How each rejection is answered. */
const problems = {
  ...organizationProblems,
  'not-requested': ['not-found', 'No erasure of this person was requested'],
} as const satisfies Record<ErasureRejection['rejected'], RejectionProblem>;

@Controller('v1/members/:id/erasure')
export class ErasureController {
  constructor(
    private readonly requestErasure: RequestErasure,
    private readonly readErasure: ReadErasure,
  ) {}

  @Post()
  @HttpCode(202)
  @Operation({
    permission: 'members:write',
    operation: 'member.erase',
    entity: { type: 'user', id: 'path.id' },
    effect: 'write',
    summary:
      'Erase a current or former member: access ends at once; every service destroys its keys of the person and gives a receipt',
    answers: { 202: erasureView },
    problems: ['not-found', 'conflict', 'forbidden', 'step-up-required'],
    idempotent: true,
  })
  async request(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
    @Headers('idempotency-key') key?: string,
  ): Promise<ErasureView> {
    return accepted(await this.requestErasure.request(caller, id, key), problems);
  }

  @Get()
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'members:read',
    operation: 'member.read-erasure',
    entity: { type: 'user', id: 'path.id' },
    effect: 'read',
    summary: 'The state of a person’s erasure, with the receipt of each service',
    answers: { 200: erasureView },
    problems: ['not-found'],
  })
  read(
    @Caller() caller: Caller,
    @Param({ schema: memberPath }) { id }: z.infer<typeof memberPath>,
  ): Promise<ErasureView> {
    return this.readErasure.read(caller, id);
  }
}
