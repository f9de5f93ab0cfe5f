import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  accepted,
  Caller,
  Operation,
  pageQuery,
  type PageQuery,
  type RejectionProblem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import type { OrderRejection } from '../intent/carry-out.js';
import { ordered, orderProblems } from '../intent/intent.problems.js';
import { priceProblems } from '../price/price-catalog.js';
import { CancelSubscription, cancellation } from './cancel-subscription.js';
import { type ChangeRejection, ChangeSubscription, subscriptionChange } from './change-subscription.js';
import { CreateSubscription, newSubscription } from './create-subscription.js';
import { subscriptionPath as path } from './own-subscription.js';
import { changePreview, PreviewChange, type PreviewRejection, wantedChange } from './preview-change.js';
import { ReadSubscriptions, subscriptionPage, type UnknownSubscription } from './read-subscriptions.js';
import { shownSubscription } from './shown-subscription.js';
import { orderedSubscription } from './subscription-view.js';

/** How each rejection is answered. */
const problems = {
  ...orderProblems,
  ...priceProblems,
  'not-found': ['not-found', 'Your organization has no subscription with this id'],
} as const satisfies Record<OrderRejection['rejected'], RejectionProblem>;

const creationProblems = {
  ...problems,
  'not-found': ['not-found', 'Your organization has no such payment method', '/paymentMethodId'],
} as const satisfies Record<OrderRejection['rejected'], RejectionProblem>;

const previewProblems = {
  ...problems,
  'no-change': ['rejected', 'The subscription has this price and this quantity already'],
  'several-prices': ['conflict', 'The subscription has several prices and can only be changed at Stripe'],
} as const satisfies Record<PreviewRejection['rejected'], RejectionProblem>;

/** What was declined is over: its token stands for a price at a moment, and that moment has passed. */
const changeProblems = {
  ...problems,
  'card-declined': [
    'rejected',
    'The card was declined; nothing was changed. Choose another card, then request a new preview.',
  ],
  'authentication-required': [
    'rejected',
    'The bank requires authentication; nothing was changed. Save the card again so that the person can authenticate, make it the default, and request a new preview.',
  ],
  'no-payment-method': [
    'rejected',
    'There is no card to charge; nothing was changed. Save a card, make it the default, and request a new preview.',
  ],
  'other-currency': ['rejected', 'The organization pays in another currency', '/token'],
  'price-not-sold': ['rejected', 'The price of this preview is not sold any more', '/token'],
  expired: ['gone', 'This change has expired. Request a new preview.'],
  'not-our-token': ['invalid-request', 'This is no token of a preview of this subscription', '/token'],
  'token-expired': ['gone', 'The preview has expired. Request a new one.', '/token'],
} as const satisfies Record<ChangeRejection['rejected'] | OrderRejection['rejected'], RejectionProblem>;

type Subscription = z.infer<typeof orderedSubscription>;

const entity = { type: 'subscription', id: 'path.id' } as const;
const answers = { 200: orderedSubscription };
const possible = ['not-found', 'conflict', 'gone', 'rejected', 'unavailable', 'outcome-unknown'] as const;

/** Of those that billing knows, whatever form their ids have. */
const registerPath = z.strictObject({ id: z.string().max(255) });

const registerProblems = {
  'not-found': [
    'not-found',
    'Your organization has no subscription with this id. A new one appears here about a second after Stripe created it.',
  ],
} as const satisfies Record<UnknownSubscription['rejected'], RejectionProblem>;

@Controller('v1/billing/subscriptions')
export class SubscriptionController {
  constructor(
    private readonly subscriptions: ReadSubscriptions,
    private readonly createSubscription: CreateSubscription,
    private readonly previewChange: PreviewChange,
    private readonly changeSubscription: ChangeSubscription,
    private readonly cancelSubscription: CancelSubscription,
  ) {}

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
    @Param({ schema: registerPath }) { id }: z.infer<typeof registerPath>,
  ): Promise<z.infer<typeof shownSubscription>> {
    return accepted(await this.subscriptions.read(caller, id), registerProblems);
  }

  @Post()
  @Operation({
    permission: 'billing:write',
    operation: 'subscription.create',
    entity: { type: 'subscription', id: 'response.subscriptionId' },
    effect: 'write',
    summary: 'Subscribe with a saved card',
    description:
      'The card is charged at once, so an Idempotency-Key is required. Where the payment is declined or needs the person, the subscription is `incomplete`: see `clientSecret`.',
    answers: { 201: orderedSubscription },
    problems: possible,
    problemHeaders: ['Retry-After'],
    idempotent: 'required',
  })
  async create(
    @Caller() caller: Caller,
    @Body({ schema: newSubscription }) body: z.output<typeof newSubscription>,
    @Headers('idempotency-key') key?: string,
  ): Promise<Subscription> {
    return ordered(await this.createSubscription.create(caller, body, key), creationProblems);
  }

  @Post(':id/preview')
  @HttpCode(200)
  @Operation({
    permission: 'billing:write',
    operation: 'subscription.preview',
    entity,
    effect: 'write',
    summary: 'What another price or quantity would cost from now on; nothing is changed',
    answers: { 200: changePreview },
    problems: ['not-found', 'conflict', 'rejected', 'unavailable'],
    problemHeaders: ['Retry-After'],
  })
  async preview(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
    @Body({ schema: wantedChange }) body: z.output<typeof wantedChange>,
  ): Promise<z.infer<typeof changePreview>> {
    return ordered(await this.previewChange.preview(caller, id, body), previewProblems);
  }

  @Patch(':id')
  @Operation({
    permission: 'billing:write',
    operation: 'subscription.change',
    entity,
    effect: 'write',
    summary: 'Agree to a change whose preview was shown',
    description:
      'The token fixes price, quantity, time and credit. It works for one attempt: sent again it gets the same answer, even if the card was declined. After that, request a new preview.',
    answers,
    problems: [...possible, 'precondition-failed'],
    problemHeaders: ['Retry-After'],
  })
  async change(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
    @Body({ schema: subscriptionChange }) { token }: z.output<typeof subscriptionChange>,
  ): Promise<Subscription> {
    return ordered(await this.changeSubscription.change(caller, id, token), changeProblems);
  }

  @Post(':id/cancellation')
  @HttpCode(200)
  @Operation({
    permission: 'billing:write',
    operation: 'subscription.cancel',
    entity,
    effect: 'write',
    summary: 'Cancel at the end of the period that is paid, or at once',
    description: 'At once it ends for good, so that asks for a proof of identity of the last ten minutes.',
    answers,
    problems: [...possible, 'step-up-required'],
    problemHeaders: ['Retry-After'],
    idempotent: true,
  })
  async cancel(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
    @Body({ schema: cancellation }) body: z.output<typeof cancellation>,
    @Headers('idempotency-key') key?: string,
  ): Promise<Subscription> {
    return ordered(await this.cancelSubscription.cancel(caller, id, body, key), problems);
  }

  @Delete(':id/cancellation')
  @Operation({
    permission: 'billing:write',
    operation: 'subscription.resume',
    entity,
    effect: 'write',
    summary: 'Take a cancellation back before the period ends',
    answers,
    problems: possible,
    problemHeaders: ['Retry-After'],
  })
  async resume(
    @Caller() caller: Caller,
    @Param({ schema: path }) { id }: z.infer<typeof path>,
  ): Promise<Subscription> {
    return ordered(await this.cancelSubscription.resume(caller, id), problems);
  }
}
