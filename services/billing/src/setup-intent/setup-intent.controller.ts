import { Controller, Headers, Post } from '@nestjs/common';
import { Caller, Operation } from '@vouchsafe/service-host';
import type { z } from 'zod';
import { ordered, orderProblems } from '../intent/intent.problems.js';
import { CreateSetupIntent, setupIntent } from './create-setup-intent.js';

@Controller('v1/billing/setup-intents')
export class SetupIntentController {
  constructor(private readonly createIntent: CreateSetupIntent) {}

  @Post()
  @Operation({
    permission: 'billing:write',
    operation: 'setup-intent.create',
    entity: { type: 'setup-intent', id: 'response.setupIntentId' },
    effect: 'write',
    summary: 'Begin to save a card by Stripe.js, for a frontend that shows Stripe’s fields itself',
    answers: { 201: setupIntent },
    problems: ['not-found', 'conflict', 'gone', 'rejected', 'unavailable', 'outcome-unknown'],
    problemHeaders: ['Retry-After'],
    idempotent: true,
  })
  async create(
    @Caller() caller: Caller,
    @Headers('idempotency-key') key?: string,
  ): Promise<z.infer<typeof setupIntent>> {
    return ordered(await this.createIntent.create(caller, key), orderProblems);
  }
}
