import { Body, Controller, Get, Put } from '@nestjs/common';
import { Caller, Operation } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ordered, orderProblems } from '../intent/intent.problems.js';
import { ChangeCustomer, customerDetails } from './change-customer.js';
import { customerView, ReadCustomer } from './read-customer.js';

@Controller('v1/billing/customer')
export class CustomerController {
  constructor(
    private readonly readCustomer: ReadCustomer,
    private readonly changeCustomer: ChangeCustomer,
  ) {}

  @Get()
  @Operation({
    permission: 'billing:read',
    operation: 'customer.read',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The organization as a customer at Stripe',
    answers: { 200: customerView },
  })
  read(@Caller() caller: Caller): Promise<z.infer<typeof customerView>> {
    return this.readCustomer.read(caller);
  }

  @Put()
  @Operation({
    permission: 'billing:write',
    operation: 'customer.change',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary: 'Set the name and email address for invoices',
    answers: { 200: customerDetails },
    problems: ['not-found', 'conflict', 'gone', 'rejected', 'unavailable', 'outcome-unknown'],
    problemHeaders: ['Retry-After'],
  })
  async change(
    @Caller() caller: Caller,
    @Body({ schema: customerDetails }) details: z.output<typeof customerDetails>,
  ): Promise<z.infer<typeof customerDetails>> {
    return ordered(await this.changeCustomer.change(caller, details), orderProblems);
  }
}
