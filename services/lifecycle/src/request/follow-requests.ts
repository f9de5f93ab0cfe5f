/** @promise P10 requests are personal data, too: the address goes when a request is closed, the rest a year later */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database, type Transaction } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';
import {
  Background,
  Clock,
  holdsCovering,
  LOGGER,
  Metrics,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { Gauge } from 'prom-client';
import { DataRequests } from './data-requests.js';

const POLL_MS = 1_000;

@Injectable()
export class FollowRequests implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly background: Background,
    private readonly requests: DataRequests,
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'Requests that are no longer needed could not be read; retrying');
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError }));
    this.measureOverdue();
  }

  /** @returns how many were claimed: one at a time, which is due again after an hour where a hold stops it */
  async step(): Promise<number> {
    const at = this.clock.now();
    return this.database.asWorker(async (transaction) => {
      const [due] = await transaction.query<Due>(
        `update data_request set follow_at = $1::timestamptz + interval '1 hour'
         where data_request_id = (
           select data_request_id from data_request where follow_at <= $1 order by follow_at limit 1 for update skip locked)
         returning data_request_id as id, organization_id, user_id`,
        [at],
      );
      if (!due) return 0;
      if (!(await isHeld(transaction, due))) await this.advance(transaction, due, at);
      return 1;
    });
  }

  /** The erasure that follows asks the holds again, in every service, under the ids that stand for the address and the request. */
  private async advance(transaction: Transaction, { id, organization_id }: Due, at: Date): Promise<void> {
    const unit = this.requests.unit(transaction, organization_id);
    const done = await this.requests.execute(unit, id, { type: 'advance', at });
    if ('rejected' in done) throw new Error(`Time cannot be rejected: ${done.rejected}`);
  }

  private measureOverdue(): void {
    const { database, clock } = this;
    new Gauge({
      name: 'data_requests_overdue',
      help: 'Requests of data subjects that were not answered in time',
      registers: [this.metrics.registry],
      async collect() {
        const [row] = await database
          .asWorker((sql) =>
            sql.query<{ overdue: number }>(
              'select count(*)::int as overdue from data_request where due_at < $1',
              [clock.now()],
            ),
          )
          .catch(() => []);
        // A count that cannot be read is NaN, never a reassuring zero.
        this.set(row?.overdue ?? Number.NaN);
      },
    });
  }
}

interface Due {
  readonly id: string;
  readonly organization_id: string;
  readonly user_id: string | null;
}

async function isHeld(transaction: Transaction, { id, organization_id, user_id }: Due): Promise<boolean> {
  const subjects = user_id === null ? [id] : [id, user_id];
  return (await holdsCovering(transaction, { organizations: [organization_id], subjects })).length > 0;
}
