import { Body, Controller, Delete, Get, HttpCode, Put, UseGuards } from '@nestjs/common';
import { accepted, Caller, Operation } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ordered } from '../intent/intent.problems.js';
import { CustomerStripeKeysGuard } from './customer-stripe-keys.js';
import { ReadStripeKey } from './read-stripe-key.js';
import { RemoveStripeKey } from './remove-stripe-key.js';
import { newStripeKey, SetStripeKey } from './set-stripe-key.js';
import { type ShownStripeKey, shownStripeKey } from './shown-stripe-key.js';
import { stripeKeyProblems } from './stripe-key.problems.js';

@Controller('v1/billing/stripe-key')
@UseGuards(CustomerStripeKeysGuard)
export class StripeKeyController {
  constructor(
    private readonly readKey: ReadStripeKey,
    private readonly setKey: SetStripeKey,
    private readonly removeKey: RemoveStripeKey,
  ) {}

  @Get()
  @Operation({
    permission: 'billing:read',
    operation: 'stripe-key.read',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'read',
    summary: 'The last four characters of the organization’s own Stripe key, and who set it',
    answers: { 200: shownStripeKey },
    problems: ['not-found', 'rejected'],
  })
  async read(@Caller() caller: Caller): Promise<ShownStripeKey> {
    return accepted(await this.readKey.read(caller), stripeKeyProblems);
  }

  @Put()
  @Operation({
    permission: 'billing:write',
    operation: 'stripe-key.set',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary:
      'Give a restricted key of the organization’s own Stripe account, or replace it; Stripe checks it',
    answers: { 200: shownStripeKey },
    problems: ['forbidden', 'rejected', 'step-up-required', 'too-many-requests', 'unavailable'],
    problemHeaders: ['Retry-After'],
  })
  async set(
    @Caller() caller: Caller,
    @Body({ schema: newStripeKey }) body: z.output<typeof newStripeKey>,
  ): Promise<ShownStripeKey> {
    return ordered(await this.setKey.set(caller, body), stripeKeyProblems);
  }

  @Delete()
  @HttpCode(204)
  @Operation({
    permission: 'billing:write',
    operation: 'stripe-key.remove',
    entity: { type: 'organization', id: 'caller.organizationId' },
    effect: 'write',
    summary: 'Remove the organization’s own Stripe key; revoke it at Stripe, too',
    answers: { 204: null },
    problems: ['not-found', 'rejected'],
  })
  async remove(@Caller() caller: Caller): Promise<void> {
    accepted(await this.removeKey.remove(caller), stripeKeyProblems);
  }
}
