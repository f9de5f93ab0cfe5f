import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, follow } from '@vouchsafe/event-store';
import { Background, Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { BACKUP_POLICY } from './backup-policy.js';
import type { BackupPolicy } from './plan.js';
import { terminationAggregate } from './termination.aggregate.js';
import { nextDueAt } from './termination.decider.js';

const POLL_MS = 1_000;

/** Brings every termination up to date with the time that has passed. */
@Injectable()
export class FollowTime implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly background: Background,
    @Inject(BACKUP_POLICY) private readonly policy: BackupPolicy,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error(
        { err: error },
        'A termination could not be brought up to date; it will be tried again',
      );
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError }));
  }

  /**
   * Takes one on that is due. Its row stays locked until its events and its next time are committed together, so a process that dies
   * leaves it due.
   * @returns how many were taken on
   */
  async step(): Promise<number> {
    const [at, policy] = [this.clock.now(), this.policy];
    return this.database.asWorker(async (transaction) => {
      const [due] = await transaction.query<{ organization_id: string }>(
        `select organization_id from termination where due_at <= $1 order by due_at limit 1 for update skip locked`,
        [at],
      );
      if (!due) return 0;
      const { organization_id: organizationId } = due;
      const actor = { type: 'service', id: this.database.service } as const;
      const advanced = await this.store
        .unit(transaction, organizationId, { actor, occurredAt: at, requestId: null })
        .execute(terminationAggregate, organizationId, { type: 'advance', at, policy });
      if (isRejected(advanced)) throw new Error(`Time cannot be rejected: ${advanced.rejected}`);
      await transaction.query('update termination set due_at = $2 where organization_id = $1', [
        organizationId,
        nextDueAt(advanced.state, policy),
      ]);
      return 1;
    });
  }
}
