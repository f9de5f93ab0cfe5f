import { Body, Controller, Headers, Post } from '@nestjs/common';
import { Caller, Operation } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ordered, orderProblems } from '../intent/intent.problems.js';
import { priceProblems } from '../price/price-catalog.js';
import { CreateSubscription, newSubscription } from './create-subscription.js';
import { orderedSubscription } from './subscription-view.js';

/** How each rejection is answered. */
const problems = { ...orderProblems, ...priceProblems } as const;

@Controller('v1/billing/subscriptions')
export class SubscriptionController {
  constructor(private readonly createSubscription: CreateSubscription) {}

  @Post()
  @Operation({
    permission: 'billing:write',
    operation: 'subscription.create',
    entity: { type: 'subscription', id: 'response.subscriptionId' },
    effect: 'write',
    summary: 'Subscribe with a saved card',
    answers: { 201: orderedSubscription },
    problems: ['not-found', 'conflict', 'gone', 'rejected', 'unavailable', 'outcome-unknown'],
    problemHeaders: ['Retry-After'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Body({ schema: newSubscription }) body: z.output<typeof newSubscription>,
    @Headers('idempotency-key') key?: string,
  ): Promise<z.infer<typeof orderedSubscription>> {
    return ordered(await this.createSubscription.create(caller, body, key), problems);
  }
}
