import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { Caller, Operation } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ordered } from '../intent/intent.problems.js';
import { CustomerStripeKeysGuard } from './customer-stripe-keys.js';
import { ListPayouts, payoutPage, payoutQuery } from './list-payouts.js';
import { ReadBalance, stripeBalance } from './read-balance.js';
import { stripeKeyProblems } from './stripe-key.problems.js';

/** Each is a use of the key, and recorded: so both change something, GET or not. */
@Controller('v1/billing/stripe')
@UseGuards(CustomerStripeKeysGuard)
export class StripeReadsController {
  constructor(
    private readonly readBalance: ReadBalance,
    private readonly listPayouts: ListPayouts,
  ) {}

  @Get('balance')
  @Operation({
    permission: 'stripe:read',
    operation: 'stripe-balance.read',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary: 'The balance at Stripe, read by the organization’s own key; the use is recorded',
    answers: { 200: stripeBalance },
    problems: ['not-found', 'rejected', 'unavailable'],
    problemHeaders: ['Retry-After'],
  })
  async balance(@Caller() caller: Caller): Promise<z.infer<typeof stripeBalance>> {
    return ordered(await this.readBalance.read(caller), stripeKeyProblems);
  }

  @Get('payouts')
  @Operation({
    permission: 'stripe:read',
    operation: 'stripe-payout.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary: 'The payouts of Stripe, newest first, read by the organization’s own key; the use is recorded',
    answers: { 200: payoutPage },
    problems: ['not-found', 'rejected', 'unavailable'],
    problemHeaders: ['Retry-After'],
  })
  async payouts(
    @Caller() caller: Caller,
    @Query({ schema: payoutQuery }) query: z.output<typeof payoutQuery>,
  ): Promise<z.infer<typeof payoutPage>> {
    return ordered(await this.listPayouts.list(caller, query), stripeKeyProblems);
  }
}
