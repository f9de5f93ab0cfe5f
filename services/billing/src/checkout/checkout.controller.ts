import { Body, Controller, Headers, Post } from '@nestjs/common';
import { Caller, Operation, type RejectionProblem } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ordered, orderProblems } from '../intent/intent.problems.js';
import { urlNotAllowed } from '../stripe/return-url.js';
import { priceProblems } from '../price/price-catalog.js';
import {
  checkoutSession,
  type CheckoutRejection,
  CreateCheckoutSession,
  newCheckoutSession,
} from './create-checkout-session.js';

/** How each rejection is answered. */
const problems = {
  ...orderProblems,
  ...priceProblems,
  'success-url-not-allowed': [...urlNotAllowed, '/successUrl'],
  'cancel-url-not-allowed': [...urlNotAllowed, '/cancelUrl'],
} as const satisfies Record<CheckoutRejection['rejected'], RejectionProblem>;

@Controller('v1/billing/checkout-sessions')
export class CheckoutController {
  constructor(private readonly createSession: CreateCheckoutSession) {}

  @Post()
  @Operation({
    permission: 'billing:write',
    operation: 'checkout-session.create',
    entity: { type: 'checkout-session', id: 'response.checkoutSessionId' },
    effect: 'write',
    summary: 'Open a page of Stripe to save a card or to subscribe',
    answers: { 201: checkoutSession },
    problems: ['not-found', 'conflict', 'gone', 'rejected', 'unavailable', 'outcome-unknown'],
    problemHeaders: ['Retry-After'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Body({ schema: newCheckoutSession }) body: z.output<typeof newCheckoutSession>,
    @Headers('idempotency-key') key?: string,
  ): Promise<z.infer<typeof checkoutSession>> {
    return ordered(await this.createSession.create(caller, body, key), problems);
  }
}
