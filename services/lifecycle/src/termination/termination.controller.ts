import { Body, Controller, Delete, Get, Post } from '@nestjs/common';
import { accepted, Caller, Operation, type RejectionProblem } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ChangeTermination, closing, type ClosingRejection } from './change-termination.js';
import { ReadTermination, type TerminationView, terminationView } from './read-termination.js';

/** How each rejection is answered. */
const problems = {
  'live-subscription': [
    'conflict',
    'The organization has a live subscription. Cancel it: the organization becomes inactive when it ends',
  ],
  'already-inactive': ['conflict', 'The organization is inactive already'],
  'not-inactive': ['conflict', 'The organization is active'],
  'subscription-needed': [
    'conflict',
    'The organization is inactive because its subscriptions ended. Create a new subscription to reactivate it',
  ],
  purging: ['conflict', 'The data of the organization is being deleted. It cannot come back any more'],
  operator: ['conflict', 'The operator’s own organization cannot be closed'],
  'other-name': ['rejected', 'This is not the name of the organization', '/organizationName'],
} as const satisfies Record<ClosingRejection['rejected'], RejectionProblem>;

@Controller('v1/lifecycle/termination')
export class TerminationController {
  constructor(
    private readonly readTermination: ReadTermination,
    private readonly changeTermination: ChangeTermination,
  ) {}

  @Get()
  @Operation({
    permission: 'lifecycle:read',
    operation: 'termination.read',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'Read whether the organization is inactive, when its data is deleted and how it can come back',
    answers: { 200: terminationView },
  })
  read(@Caller() caller: Caller): Promise<TerminationView> {
    return this.readTermination.read(caller);
  }

  @Post()
  @Operation({
    permission: 'lifecycle:write',
    operation: 'termination.begin',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary:
      'Close the account of the organization: it is inactive at once, and its data is deleted after the periods that the answer states',
    answers: { 201: terminationView },
    problems: ['rejected', 'conflict', 'step-up-required'],
  })
  async close(
    @Caller() caller: Caller,
    @Body({ schema: closing }) body: z.output<typeof closing>,
  ): Promise<TerminationView> {
    return accepted(await this.changeTermination.close(caller, body), problems);
  }

  @Delete()
  @Operation({
    permission: 'lifecycle:write',
    operation: 'termination.undo',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary: 'Reopen an account that an owner closed, before its data is deleted',
    answers: { 200: terminationView },
    problems: ['conflict', 'step-up-required'],
  })
  async reopen(@Caller() caller: Caller): Promise<TerminationView> {
    return accepted(await this.changeTermination.reopen(caller), problems);
  }
}
