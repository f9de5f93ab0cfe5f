import { Inject, Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { LOGGER, Metrics, type ServiceLogger } from '@vouchsafe/service-host';
import { Counter } from 'prom-client';
import { Inbox } from '../inbox/inbox.js';
import { ObservationWorker } from '../observation/observation-worker.js';
import { VerifyWebhook, type WebhookRefusal, webhookRefusals } from './verify-webhook.js';
import { objectOf } from './webhook-event.js';

@Injectable()
export class TakeWebhook {
  private readonly counter: Counter<'outcome'>;

  constructor(
    private readonly verify: VerifyWebhook,
    private readonly inbox: Inbox,
    private readonly worker: ObservationWorker,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error' | 'warn'>,
    { registry }: Metrics,
  ) {
    this.counter = new Counter({
      name: 'billing_webhooks_total',
      help: 'Webhooks by outcome: taken, known (taken before), unhandled, or the reason for refusal',
      labelNames: ['outcome'],
      registers: [registry],
    });
    for (const outcome of ['taken', 'known', 'unhandled', ...webhookRefusals])
      this.counter.inc({ outcome }, 0);
  }

  /** Stores the event and answers; the object that it is about is read afterwards. */
  async take(
    body: Buffer,
    signature: string | undefined,
  ): Promise<{ readonly isNew: boolean } | { readonly rejected: WebhookRefusal }> {
    const event = this.verify.verify(body, signature);
    if (isRejected(event)) return this.refused(event.rejected);
    const object = objectOf(event);
    const isNew = await this.inbox.add(event, object, 'webhook');
    this.counter.inc({ outcome: isNew ? (object ? 'taken' : 'unhandled') : 'known' });
    if (isNew && object) this.worker.wake();
    return { isNew };
  }

  private refused(rejected: WebhookRefusal): { readonly rejected: WebhookRefusal } {
    this.counter.inc({ outcome: rejected });
    // Signed with our secret and still refused: the operator must act. Anybody can cause the other refusals.
    if (rejected === 'wrong-time')
      this.logger.error('A webhook is refused for its time: is the clock of this machine right?');
    else if (rejected === 'malformed')
      this.logger.error('A signed webhook cannot be read: its form is unknown');
    else if (rejected === 'wrong-mode' || rejected === 'unknown-account')
      this.logger.error(
        { because: rejected },
        'A webhook is refused: is its endpoint at Stripe meant for us?',
      );
    else if (rejected === 'not-configured')
      this.logger.warn('A webhook is refused: STRIPE_WEBHOOK_SECRET is not set');
    else this.logger.warn({ because: rejected }, 'A webhook is refused');
    return { rejected };
  }
}
