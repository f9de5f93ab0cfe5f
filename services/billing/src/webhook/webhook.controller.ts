import { Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { accepted, Operation, RawBody, type RejectionProblem } from '@vouchsafe/service-host';
import { TakeWebhook } from './take-webhook.js';
import type { WebhookRefusal } from './verify-webhook.js';

/** How each refusal is answered. Stripe sends again for three days whatever is not taken. */
const problems = {
  'not-configured': ['unavailable', 'No secret for webhooks is configured here'],
  'no-signature': ['malformed-request', 'The Stripe-Signature header is missing or has another form'],
  'wrong-signature': ['malformed-request', 'The signature matches none of the configured secrets'],
  'wrong-time': ['malformed-request', 'The time of the signature differs from ours by more than 5 minutes'],
  malformed: ['malformed-request', 'The body is not a Stripe event'],
  'unknown-account': ['malformed-request', 'The event is of another account of Stripe'],
  'wrong-mode': ['malformed-request', 'The event is of the other mode of Stripe'],
} as const satisfies Record<WebhookRefusal, RejectionProblem>;

@Controller('webhooks/stripe')
export class WebhookController {
  constructor(private readonly takeWebhook: TakeWebhook) {}

  @Post()
  @HttpCode(204)
  @Operation({
    permission: 'public',
    operation: 'webhook.take',
    entity: { type: 'webhook', id: null },
    effect: 'write',
    summary: 'Take an event of Stripe',
    description:
      'For Stripe alone. The signature is checked over the bytes of the body. An event is taken once, however often it comes, and answered before anything is done with it.',
    answers: { 204: null },
    problems: ['malformed-request', 'unavailable'],
    signedBy: 'stripe-signature',
  })
  async take(@RawBody() body: Buffer, @Headers('stripe-signature') signature?: string): Promise<void> {
    accepted(await this.takeWebhook.take(body, signature), problems);
  }
}
