import { Controller, Delete, HttpCode, Param, Put } from '@nestjs/common';
import { Caller, Operation, type RejectionProblem } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import { ordered, orderProblems } from '../intent/intent.problems.js';
import { ChangePaymentMethod } from './change-payment-method.js';

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
export class ChangePaymentMethodController {
  constructor(private readonly changeMethod: ChangePaymentMethod) {}

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
