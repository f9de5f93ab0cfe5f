import { Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { Caller, Operation, pageQuery, type PageQuery, type RejectionProblem } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import { ordered, orderProblems } from '../intent/intent.problems.js';
import { ChangePaymentMethod } from './change-payment-method.js';
import { ListPaymentMethods, paymentMethodPage } from './list-payment-methods.js';

const path = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be the id of a payment method'),
});
const entity = { type: 'payment-method', id: 'path.id' } as const;
/** How each rejection is answered. */
const problems = {
  ...orderProblems,
  'not-found': ['not-found', 'Your organization has no payment method with this id'],
} as const satisfies Record<OrderRejection['rejected'], RejectionProblem>;
const possible = ['not-found', 'conflict', 'gone', 'rejected', 'unavailable', 'outcome-unknown'] as const;

@Controller('v1/billing/payment-methods')
export class PaymentMethodController {
  constructor(
    private readonly paymentMethods: ListPaymentMethods,
    private readonly changeMethod: ChangePaymentMethod,
  ) {}

  @Get()
  @Operation({
    permission: 'billing:read',
    operation: 'payment-method.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The saved payment methods, newest first',
    answers: { 200: paymentMethodPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof paymentMethodPage>> {
    return this.paymentMethods.list(caller, query);
  }

  @Put(':id/default')
  @HttpCode(204)
  @Operation({
    permission: 'billing:write',
    operation: 'payment-method.make-default',
    entity,
    effect: 'write',
    summary: 'Make this card the default for every subscription',
    description:
      'This includes subscriptions that were created with another card. A failed payment is retried with this card.',
    answers: { 204: null },
    problems: possible,
    problemHeaders: ['Retry-After'],
  })
  async makeDefault(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    ordered(await this.changeMethod.makeDefault(caller, id), problems);
  }

  @Delete(':id')
  @HttpCode(204)
  @Operation({
    permission: 'billing:write',
    operation: 'payment-method.detach',
    entity,
    effect: 'write',
    summary: 'Remove a saved card; it cannot be charged again',
    answers: { 204: null },
    problems: possible,
    problemHeaders: ['Retry-After'],
  })
  async detach(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<void> {
    ordered(await this.changeMethod.detach(caller, id), problems);
  }
}
