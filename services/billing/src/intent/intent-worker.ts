import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';
import { Background, Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { CarryOut } from './carry-out.js';
import { LEASE_SECONDS } from './intent.aggregate.js';

const POLL_MS = 1_000;
/** The longest pause between tries, in seconds. */
const LONGEST_PAUSE = 600;

/** Goes on with intents whose request died, or did not hear from Stripe what became of them. */
@Injectable()
export class IntentWorker implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly carryOut: CarryOut,
    private readonly clock: Clock,
    private readonly background: Background,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error(
        { err: error },
        'An order at Stripe could not be carried out; it will be tried again',
      );
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError }));
  }

  /** @returns how many intents it took on */
  async step(): Promise<number> {
    const claimed = await this.claim();
    if (!claimed) return 0;
    await this.carryOut.carryOut(claimed.organization_id, claimed.intent_id, { isFirst: false });
    return 1;
  }

  /** The lease is the time of the next try: later each time, and never before this one has ended. */
  private async claim(): Promise<{ organization_id: string; intent_id: string } | undefined> {
    const [row] = await this.database.asWorker((sql) =>
      sql.query<{ organization_id: string; intent_id: string }>(
        `update intent set tries = tries + 1,
           due_at = $1::timestamptz + least($3, $2 * power(2, least(tries, 10))) * interval '1 second'
         where intent_id = (
           select intent_id from intent where due_at <= $1 order by due_at limit 1 for update skip locked)
         returning organization_id, intent_id`,
        [this.clock.now(), LEASE_SECONDS, LONGEST_PAUSE],
      ),
    );
    return row;
  }
}
