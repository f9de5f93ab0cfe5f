/** @promise P22 asks Stripe with a key that is in no message and no log */
import { LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import type { Secret } from '@vouchsafe/vault';
import { Inject, Injectable } from '@nestjs/common';
import { Stripe } from 'stripe';
import { BoundedQueue } from './bounded-queue.js';
import { repeatWrite } from './repeat-write.js';
import { failureOf, isFailed, type StripeFailure, unavailable } from './stripe-failure.js';
import type { StripeSettings } from './stripe-settings.js';

/** The version of Stripe's API that every request asks for, and whose types the SDK has. */
export const STRIPE_API_VERSION = '2026-10-28.endive';

/** Stripe keeps the answer to an Idempotency-Key for at least 24 hours; clocks differ. https://docs.stripe.com/api/idempotent_requests */
export const KEY_HOURS = 23;

/** Injection token of `StripeSettings`. */
export const STRIPE_SETTINGS = Symbol('stripe-settings');

/** Milliseconds for each try: a person waits for a read; a write that we give up may have been carried out. */
const [READ_MS, WRITE_MS] = [8_000, 20_000];
/** How often a request is sent at most until Stripe says what became of it. */
const TRIES = 3;
/** Of each organization: its requests wait for one another, and for nobody else's. */
const SHARE = { atOnce: 4, waiting: 20 };
/** Stripe allows 100 requests a second in live mode, 25 in test mode, and less at once. https://docs.stripe.com/rate-limits */
const LIMITS = {
  organizations: { atOnce: 16, share: SHARE },
  /** Whoever asks here is one of a few workers, and none is turned away: T0 (P31) waits for no customer's requests. */
  background: { atOnce: 8, share: { atOnce: 8, waiting: Number.POSITIVE_INFINITY } },
  /** These count against the limits of customers' accounts at Stripe, but use our connections. */
  customersKeys: { atOnce: 16, share: SHARE },
};

/** What a request passes on to the SDK. */
type Options = Readonly<Stripe.RequestOptions>;
export type Asking<Answer> = (stripe: Stripe, options: Options) => Promise<Answer>;

/** What somebody can ask of Stripe with our key. Where the asker's share is full, the answer is `busy`: nothing was asked. */
export interface StripeShare {
  read<Answer extends object>(ask: Asking<Answer>): Promise<Answer | StripeFailure>;
  /**
   * @param ask one request, which may be sent several times
   * @param idempotencyKey with it, Stripe carries the request out once for at least 24 hours
   * @param tries with one, an answer that says it is repeated was kept before this request
   */
  write<Answer extends object>(
    idempotencyKey: string,
    ask: Asking<Answer>,
    tries?: 'several' | 'one',
  ): Promise<Answer | StripeFailure>;
}

/** The only way to Stripe. It knows nothing of transactions: none may be open while it is asked. */
@Injectable()
export class StripeApi {
  /** For work of billing itself: what Stripe tells us of, comparisons, prices, erasures. */
  readonly background: StripeShare;
  private readonly stripe: Stripe | undefined;
  private readonly organizations = new BoundedQueue(LIMITS.organizations);
  private readonly customersKeys = new BoundedQueue(LIMITS.customersKeys);

  constructor(
    @Inject(STRIPE_SETTINGS) readonly settings: StripeSettings,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error' | 'warn'>,
  ) {
    const { key, api } = settings;
    this.stripe = key && clientOf(key, api);
    this.background = this.shareOf(new BoundedQueue(LIMITS.background), 'billing');
  }

  /** For whatever an organization's people, API keys and open orders ask for. */
  for(organizationId: string): StripeShare {
    return this.shareOf(this.organizations, organizationId);
  }

  /**
   * Reads by a customer's own key, in the customer's account. Where Stripe refuses it, that is for the customer to hear, and nothing that
   * the operator could mend.
   */
  async readAs<Answer extends object>(
    organizationId: string,
    key: Secret,
    ask: Asking<Answer>,
  ): Promise<Answer | StripeFailure> {
    const stripe = clientOf(key, this.settings.api);
    const work = () => ask(stripe, { timeout: READ_MS }).catch(failureOf);
    return queued(this.customersKeys, organizationId, work, (because) => {
      if (!isOfKey(because)) this.log(because);
    });
  }

  private shareOf(queue: BoundedQueue, asker: string): StripeShare {
    const ask = async <Answer extends object>(
      work: (stripe: Stripe) => Promise<Answer | StripeFailure>,
    ): Promise<Answer | StripeFailure> => {
      const { stripe } = this;
      if (!stripe) return unavailable('not-configured', 'not-carried-out');
      return queued(
        queue,
        asker,
        () => work(stripe),
        (because) => this.log(because),
      );
    };
    return {
      read: (asking) => ask((stripe) => asking(stripe, { timeout: READ_MS }).catch(failureOf)),
      write: (idempotencyKey, asking, tries = 'several') => {
        const options = { idempotencyKey, timeout: WRITE_MS, maxNetworkRetries: 0 };
        const atMost = tries === 'one' ? 1 : TRIES;
        return ask((stripe) => repeatWrite(atMost, this.settings.pauseMs, () => asking(stripe, options)));
      },
    };
  }

  private log(because: string): void {
    if (because === 'key-refused')
      this.logger.error('Stripe refuses STRIPE_SECRET_KEY: nothing can be sold until it is replaced');
    else if (because === 'key-not-permitted')
      this.logger.error('STRIPE_SECRET_KEY lacks a permission at Stripe that billing needs');
    else this.logger.warn({ because }, 'Stripe is unavailable');
  }
}

async function queued<Answer extends object>(
  queue: BoundedQueue,
  asker: string,
  work: () => Promise<Answer | StripeFailure>,
  log: (because: string) => void,
): Promise<Answer | StripeFailure> {
  const answer = await queue.run(asker, work);
  if (answer === undefined) return unavailable('busy', 'not-carried-out');
  if (isFailed(answer) && answer.failed === 'unavailable') log(answer.because);
  return answer;
}

function isOfKey(because: string): boolean {
  return because === 'key-refused' || because === 'key-not-permitted';
}

function clientOf(key: Secret, api: URL | undefined): Stripe {
  return new Stripe(key.reveal(), {
    apiVersion: STRIPE_API_VERSION,
    // Of reads; what changes something is repeated by repeatWrite alone.
    maxNetworkRetries: TRIES - 1,
    httpClient: clientOfOneTry(),
    telemetry: false,
    ...(api && {
      host: api.hostname,
      protocol: api.protocol === 'http:' ? ('http' as const) : ('https' as const),
      port: api.port || (api.protocol === 'http:' ? 80 : 443),
    }),
  });
}

/**
 * The SDK sends a request once more where the connection closes, also with `maxNetworkRetries: 0`, and says nothing of it. It knows such an
 * error by its code; under another error it obeys.
 */
function clientOfOneTry(): ReturnType<typeof Stripe.createNodeHttpClient> {
  const oneTry = Stripe.createNodeHttpClient();
  const makeRequest = oneTry.makeRequest.bind(oneTry);
  oneTry.makeRequest = (...request) =>
    makeRequest(...request).catch((cause: unknown) => {
      throw new Error('The connection to Stripe has failed', { cause });
    });
  return oneTry;
}
