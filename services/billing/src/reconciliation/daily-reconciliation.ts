import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { retentionPolicies } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';
import { Background, LOGGER, Metrics, type ServiceLogger } from '@vouchsafe/service-host';
import { Gauge } from 'prom-client';
import { Inbox } from '../inbox/inbox.js';
import { STRIPE_SETTINGS } from '../stripe/stripe-api.js';
import { isFailed, reasonOf } from '../stripe/stripe-failure.js';
import type { StripeSettings } from '../stripe/stripe-settings.js';
import { Reconcile } from './reconcile.js';

const HOURS = 24;
/** One whose instance says nothing for so long is begun again by another. */
const LEASE_MINUTES = 10;
const [POLL_MS, RETRY_MS] = [60_000, 30_000];
/** Longer than Stripe lists events, so that none that is forgotten comes again. */
const INBOX_DAYS = retentionPolicies['stripe-events'].period.days;

/** Once a day, and at a start after a longer stop: one instance compares, by the database's clock. */
@Injectable()
export class DailyReconciliation implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly reconcile: Reconcile,
    private readonly inbox: Inbox,
    private readonly background: Background,
    @Inject(STRIPE_SETTINGS) private readonly settings: Pick<StripeSettings, 'key'>,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
    private readonly metrics: Metrics,
  ) {}

  private stopping = false;
  /** When this instance took or renewed the lease, as the database wrote it. */
  private lease: string | undefined;

  onApplicationBootstrap(): void {
    // Nothing is sold here: there is nothing to compare.
    if (this.settings.key === undefined) return;
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'The comparison with Stripe could not be made; retrying');
    const follower = follow(() => this.step(), { idle: POLL_MS, retry: RETRY_MS, onError });
    this.background.add({
      stop: () => {
        this.stopping = true;
        return follower.stop();
      },
    });
    const { database } = this;
    new Gauge({
      name: 'billing_reconciliation_age_seconds',
      help: 'How long ago the last comparison with Stripe ended',
      registers: [this.metrics.registry],
      async collect() {
        this.set(await age(database).catch(() => Number.NaN));
      },
    });
  }

  private async step(): Promise<number> {
    if (!(await this.claim())) return 0;
    const reconciled = await this.reconcile.run(() => this.renewLease());
    if (reconciled === 'stopped' || isFailed(reconciled)) {
      await this.release();
      if (reconciled === 'stopped') return 0;
      throw new Error(`The comparison with Stripe stopped: ${reasonOf(reconciled)}`);
    }
    await this.database.asWorker((sql) =>
      sql.query(
        'update reconciliation set started_at = null, finished_at = clock_timestamp() where started_at = $1::timestamptz',
        [this.lease],
      ),
    );
    while (!this.stopping && (await this.inbox.deleteOld(INBOX_DAYS)) > 0);
    return 0;
  }

  /** Takes the lease where a comparison is due and no other instance makes one. */
  private async claim(): Promise<boolean> {
    const rows = await this.database.asWorker((sql) =>
      sql.query<{ lease: string }>(
        `update reconciliation set started_at = clock_timestamp()
         where (finished_at is null or finished_at < clock_timestamp() - make_interval(hours => $1))
           and (started_at is null or started_at < clock_timestamp() - make_interval(mins => $2))
         returning started_at::text as lease`,
        [HOURS, LEASE_MINUTES],
      ),
    );
    this.lease = rows[0]?.lease;
    return this.lease !== undefined;
  }

  /** @returns whether the comparison goes on: not once the service stops, nor where another instance has taken the lease */
  private async renewLease(): Promise<boolean> {
    if (this.stopping) return false;
    const rows = await this.database.asWorker((sql) =>
      sql.query<{ lease: string }>(
        `update reconciliation set started_at = clock_timestamp() where started_at = $1::timestamptz
         returning started_at::text as lease`,
        [this.lease],
      ),
    );
    this.lease = rows[0]?.lease;
    return this.lease !== undefined;
  }

  private async release(): Promise<void> {
    await this.database.asWorker((sql) =>
      sql.query('update reconciliation set started_at = null where started_at = $1::timestamptz', [
        this.lease ?? null,
      ]),
    );
  }
}

/** Not a number before the first. */
async function age(database: Database): Promise<number> {
  const [row] = await database.asWorker((sql) =>
    sql.query<{ seconds: number | null }>(
      'select extract(epoch from clock_timestamp() - finished_at)::float8 as seconds from reconciliation',
    ),
  );
  return row?.seconds ?? Number.NaN;
}
