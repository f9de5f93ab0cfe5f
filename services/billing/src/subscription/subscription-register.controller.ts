import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  accepted,
  Caller,
  Operation,
  pageQuery,
  type PageQuery,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { ReadSubscriptions, subscriptionPage, type UnknownSubscription } from './read-subscriptions.js';
import { shownSubscription } from './shown-subscription.js';

const path = z.strictObject({ id: z.string().max(255) });

/** How each rejection is answered. */
const problems = {
  'not-found': [
    'not-found',
    'Your organization has no subscription with this id. A new one appears here about a second after Stripe created it.',
  ],
} as const satisfies Record<UnknownSubscription['rejected'], RejectionProblem>;

@Controller('v1/billing/subscriptions')
export class SubscriptionRegisterController {
  constructor(private readonly subscriptions: ReadSubscriptions) {}

  @Get()
  @Operation({
    permission: 'billing:read',
    operation: 'subscription.list',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'Every subscription, newest first',
    description:
      'As billing last read them from Stripe: `observedAt` says when. A change appears here within seconds.',
    answers: { 200: subscriptionPage },
  })
  list(
    @Caller() caller: Caller,
    @Query({ schema: pageQuery }) query: PageQuery,
  ): Promise<z.infer<typeof subscriptionPage>> {
    return this.subscriptions.list(caller, query);
  }

  @Get(':id')
  @Operation({
    permission: 'billing:read',
    operation: 'subscription.read',
    entity: { type: 'subscription', id: 'path.id' },
    effect: 'read',
    summary: 'One subscription',
    answers: { 200: shownSubscription },
    problems: ['not-found'],
  })
  async read(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<z.infer<typeof shownSubscription>> {
    return accepted(await this.subscriptions.read(caller, id), problems);
  }
}
