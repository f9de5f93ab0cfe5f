import { Controller, Delete, Get, Headers, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  accepted,
  Caller,
  Operation,
  pageQuery,
  type PageQuery,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { CreateBilling, createdBilling } from './create-billing.js';
import { ListBillings, billingPage } from './list-billings.js';
import type { BillingRejection } from './billing.decider.js';
import { RetireBilling } from './retire-billing.js';

const path = z.strictObject({ id: z.uuid() });

/** How each rejection is answered. */
const problems = {
  'already-created': ['conflict', 'The billing already exists'],
  'not-live': ['not-found', 'There is no such billing'],
} as const satisfies Record<BillingRejection['rejected'], RejectionProblem>;

@Controller('v1/billings')
export class BillingController {
  constructor(
    private readonly createBilling: CreateBilling,
    private readonly retireBilling: RetireBilling,
    private readonly listBillings: ListBillings,
  ) {}

  @Get()
  @Operation({
    permission: 'organization:read',
    operation: 'billing.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'Every billing, oldest first',
    answers: { 200: billingPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof billingPage>> {
    return this.listBillings.list(caller, query);
  }

  @Post()
  @Operation({
    permission: 'organization:write',
    operation: 'billing.create',
    entity: { type: 'billing', id: 'response.billingId' },
    effect: 'write',
    summary: 'Create a billing',
    answers: { 201: createdBilling },
    problems: ['conflict'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Headers('idempotency-key') key?: string,
  ): Promise<z.infer<typeof createdBilling>> {
    return accepted(await this.createBilling.create(caller, key), problems);
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'organization:write',
    operation: 'billing.retire',
    entity: { type: 'billing', id: 'path.id' },
    effect: 'write',
    summary: 'Retire a billing',
    answers: { 204: null },
    problems: ['not-found'],
  })
  async retire(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    accepted(await this.retireBilling.retire(caller, id), problems);
  }
}
