import { Controller, Get, Query } from '@nestjs/common';
import { Caller, Operation, pageQuery, type PageQuery } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ListPaymentMethods, paymentMethodPage } from './list-payment-methods.js';

@Controller('v1/billing/payment-methods')
export class PaymentMethodRegisterController {
  constructor(private readonly paymentMethods: ListPaymentMethods) {}

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
}
