/** @promise P22 asks Stripe with a key that is in no message and no log */
import { LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { Inject, Injectable } from '@nestjs/common';
import { Stripe } from 'stripe';
import { BoundedQueue } from './bounded-queue.js';
import { failureOf, isFailed, type StripeFailure, unavailable } from './stripe-failure.js';
import type { StripeSettings } from './stripe-settings.js';

/** The version of Stripe's API that every request asks for, and whose types the SDK has. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/** Injection token of `StripeSettings`. */
export const STRIPE_SETTINGS = Symbol('stripe-settings');

/** Milliseconds for each try: a person waits for a read; a write that we give up may have been carried out. */
const [READ_MS, WRITE_MS] = [8_000, 20_000];
/** Stripe allows 100 requests a second in live mode, 25 in test mode, and less at once. https://docs.stripe.com/rate-limits */
const LIMITS = { atOnce: 16, waiting: 200 };

/** What a request passes on to the SDK. */
type Options = Readonly<Stripe.RequestOptions>;
export type Asking<Answer> = (stripe: Stripe, options: Options) => Promise<Answer>;

/** The only way to Stripe. It knows nothing of transactions: none may be open while it is asked. */
@Injectable()
export class StripeApi {
  private readonly stripe: Stripe | undefined;
  private readonly queue = new BoundedQueue(LIMITS);

  constructor(
    @Inject(STRIPE_SETTINGS) readonly settings: StripeSettings,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error' | 'warn'>,
  ) {
    const { key, api } = settings;
    this.stripe = key && clientOf(key, api);
  }

  read<Answer extends object>(ask: Asking<Answer>): Promise<Answer | StripeFailure> {
    return this.ask((stripe) => ask(stripe, { timeout: READ_MS }));
  }

  /**
   * Reads by a customer's own key, in the customer's account. Where Stripe refuses it, that is for the customer to hear, and nothing that
   * the operator could mend.
   */
  async readAs<Answer extends object>(key: Secret, ask: Asking<Answer>): Promise<Answer | StripeFailure> {
    const stripe = clientOf(key, this.settings.api);
    return this.queued(
      () => ask(stripe, { timeout: READ_MS }),
      (because) => {
        if (!isOfKey(because)) this.log(because);
      },
    );
  }

  /**
   * @param idempotencyKey with it, Stripe carries the request out once for at least 24 hours
   * @param tries how often the SDK asks; with one, an answer that says it is repeated was kept before this request
   */
  write<Answer extends object>(
    idempotencyKey: string,
    ask: Asking<Answer>,
    tries: 'several' | 'one' = 'several',
  ): Promise<Answer | StripeFailure> {
    const once = tries === 'one' ? { maxNetworkRetries: 0 } : {};
    return this.ask((stripe) => ask(stripe, { idempotencyKey, timeout: WRITE_MS, ...once }));
  }

  private async ask<Answer extends object>(
    work: (stripe: Stripe) => Promise<Answer>,
  ): Promise<Answer | StripeFailure> {
    const { stripe } = this;
    if (!stripe) return unavailable('not-configured', 'no');
    return this.queued(
      () => work(stripe),
      (because) => this.log(because),
    );
  }

  private async queued<Answer extends object>(
    work: () => Promise<Answer>,
    log: (because: string) => void,
  ): Promise<Answer | StripeFailure> {
    const answer = await this.queue.run(() => work().catch(failureOf));
    if (answer === undefined) return unavailable('busy', 'no');
    if (isFailed(answer) && answer.failed === 'unavailable') log(answer.because);
    return answer;
  }

  private log(because: string): void {
    if (isOfKey(because))
      this.logger.error('Stripe refuses STRIPE_SECRET_KEY: nothing can be sold until it is replaced');
    else this.logger.warn({ because }, 'Stripe is unavailable');
  }
}

function isOfKey(because: string): boolean {
  return because === 'key-refused' || because === 'key-not-permitted';
}

function clientOf(key: Secret, api: URL | undefined): Stripe {
  return new Stripe(key.reveal(), {
    apiVersion: STRIPE_API_VERSION,
    maxNetworkRetries: 2,
    telemetry: false,
    ...(api && {
      host: api.hostname,
      protocol: api.protocol === 'http:' ? ('http' as const) : ('https' as const),
      port: api.port || (api.protocol === 'http:' ? 80 : 443),
    }),
  });
}
