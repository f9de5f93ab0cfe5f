import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { follow, type Follower } from '@vouchsafe/event-store';
import { Background, LOGGER, Metrics, type ServiceLogger } from '@vouchsafe/service-host';
import { Counter, Gauge } from 'prom-client';
import { isFailed, type StripeFailure } from '../stripe/stripe-failure.js';
import { type Claim, Claims } from './claims.js';
import { KnownCustomers } from './known-customers.js';
import { ReadStripeObject } from './read-object.js';
import { RecordObservation } from './record-observation.js';

/** Objects that an instance reads at the same time. */
const AT_ONCE = 4;
const POLL_MS = 1_000;
/** After Stripe did not answer, nothing is asked for so long; longer each time that it still does not. */
const [SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 15_000];
type Unavailable = Extract<StripeFailure, { failed: 'unavailable' }>;

/** Every other read would fail, too. What else Stripe answers may concern this object alone, or its type. */
const everyones: ReadonlySet<string> = new Set([
  'not-configured',
  'no-answer',
  'rate-limited',
  'key-refused',
] satisfies Unavailable['because'][]);
/**
 * Longest waits before an object is tried again, in seconds: one that is itself the trouble, one whose customer is not recorded yet, and one
 * that Stripe does not give, which may be the beginning of an outage: after its end nothing may wait for long.
 */
const [LONGEST, LONGEST_UNKNOWN, LONGEST_NOT_GIVEN] = [6 * 3600, 60, 15];

const outcomes = ['recorded', 'nothing-new', 'not-ours', 'unavailable', 'failed', 'lost-lease'] as const;
type Outcome = (typeof outcomes)[number];

/** Reads every object that Stripe has reported, and records what it is like now. Several instances share the work. */
@Injectable()
export class ObservationWorker implements OnApplicationBootstrap {
  private followers: readonly Follower[] = [];
  /** How often Stripe has not answered, and until when it is not asked. */
  private pause = { times: 0, until: 0 };
  private readonly counter: Counter<'outcome'>;

  constructor(
    private readonly claims: Claims,
    private readonly reading: ReadStripeObject,
    private readonly recording: RecordObservation,
    private readonly customers: KnownCustomers,
    private readonly background: Background,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error' | 'warn'>,
    { registry }: Metrics,
  ) {
    this.counter = new Counter({
      name: 'billing_observations_total',
      help: 'Reads of Stripe objects by outcome',
      labelNames: ['outcome'],
      registers: [registry],
    });
    for (const outcome of outcomes) this.counter.inc({ outcome }, 0);
    const waiting = () => claims.waiting();
    new Gauge({
      name: 'billing_objects_waiting',
      help: 'Stripe objects waiting to be read; `failing` after 5 attempts',
      labelNames: ['state'],
      registers: [registry],
      async collect() {
        const found = await waiting().catch(() => ({ waiting: Number.NaN, failing: Number.NaN }));
        this.set({ state: 'waiting' }, found.waiting);
        this.set({ state: 'failing' }, found.failing);
      },
    });
    new Gauge({
      name: 'billing_observation_age_seconds',
      help: 'How long the longest-waiting object has been due',
      registers: [registry],
      async collect() {
        this.set(
          await waiting().then(
            ({ seconds }) => seconds,
            () => Number.NaN,
          ),
        );
      },
    });
  }

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'Stripe objects could not be read; retrying');
    this.followers = Array.from({ length: AT_ONCE }, () =>
      this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError })),
    );
  }

  /** Something is due. */
  wake(): void {
    for (const follower of this.followers) follower.wake();
  }

  private async step(): Promise<number> {
    if (performance.now() < this.pause.until) return 0;
    const claim = await this.claims.next();
    if (!claim) return 0;
    const outcome = await this.carryOut(claim);
    this.counter.inc({ outcome });
    if (outcome === 'unavailable') this.pauseReads();
    else this.pause = { times: 0, until: 0 };
    return 1;
  }

  private pauseReads(): void {
    const [now, { times, until }] = [performance.now(), this.pause];
    if (now < until) return;
    const wait = Math.min(SHORTEST_PAUSE_MS * 2 ** times, LONGEST_PAUSE_MS);
    this.pause = { times: Math.min(times + 1, 10), until: now + wait };
  }

  private async carryOut(claim: Claim): Promise<Outcome> {
    try {
      const read = await this.reading.read(claim);
      if (isFailed(read)) return await this.notRead(claim, read);
      const recorded = await this.recording.record(claim, read);
      if (recorded === 'lost-lease') return recorded;
      if (recorded === 'unknown-customer') return await this.unknown(claim, read.object);
      return recorded.appended > 0 ? 'recorded' : 'nothing-new';
    } catch (error) {
      this.logger.error(
        { err: error, object: claim.id },
        'An object of Stripe could not be recorded; retrying',
      );
      await this.claims.failed(claim, 'not-recorded', waitAfter(claim, LONGEST));
      return 'failed';
    }
  }

  private async notRead(claim: Claim, failure: StripeFailure): Promise<Outcome> {
    if (failure.failed === 'unavailable') return this.unavailable(claim, failure);
    // A draft that was deleted is gone; anything else that we know and Stripe does not is a mistake: perhaps another account's key.
    if (failure.reason === 'not-found' && !(await this.customers.isKeptOpen(claim))) {
      await this.claims.forget(claim);
      return 'not-ours';
    }
    this.logger.error(
      { object: claim.id, because: failure.reason },
      'Stripe does not give an object that we know; retrying',
    );
    await this.claims.failed(claim, failure.reason, waitAfter(claim, LONGEST));
    return 'failed';
  }

  private async unavailable(claim: Claim, { because }: Unavailable): Promise<Outcome> {
    if (everyones.has(because)) {
      await this.claims.failed(claim, because, { seconds: 0, isObjects: false });
      return 'unavailable';
    }
    await this.claims.failed(claim, because, waitAfter(claim, LONGEST_NOT_GIVEN));
    return 'failed';
  }

  /** Our record of the customer may still be on its way; where Stripe's says nothing of us, it is somebody else's. */
  private async unknown(
    claim: Claim,
    object: Parameters<KnownCustomers['isRecordedSoon']>[0],
  ): Promise<Outcome> {
    const isRecordedSoon = await this.customers.isRecordedSoon(object);
    if (typeof isRecordedSoon === 'object') return this.notRead(claim, isRecordedSoon);
    if (isRecordedSoon) {
      await this.claims.failed(claim, 'unknown-customer', waitAfter(claim, LONGEST_UNKNOWN));
      return 'failed';
    }
    await this.claims.forget(claim);
    return 'not-ours';
  }
}

function waitAfter({ attempts }: Claim, longest: number) {
  return { seconds: Math.min(2 ** Math.min(attempts, 20), longest), isObjects: true };
}
