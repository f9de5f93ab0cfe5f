import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, follow } from '@vouchsafe/event-store';
import { Background, Clock, Ids, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
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
    private readonly ids: Ids,
    private readonly background: Background,
    @Inject(BACKUP_POLICY) private readonly policy: BackupPolicy,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'Due terminations could not be read; retrying');
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS, onError }));
  }

  /**
   * Claims one termination that is due; if it fails, it is due again after a minute, and the others go on.
   * @returns how many were claimed
   */
  async step(): Promise<number> {
    const at = this.clock.now();
    const organizationId = await this.claim(at);
    if (organizationId === undefined) return 0;
    try {
      await this.advance(organizationId, at);
    } catch (error) {
      this.logger.error(
        { err: error, organizationId },
        'A termination could not be brought up to date; retrying',
      );
    }
    return 1;
  }

  private async claim(at: Date): Promise<string | undefined> {
    const [due] = await this.database.asWorker((sql) =>
      sql.query<{ organization_id: string }>(
        `update termination set due_at = $1::timestamptz + interval '1 minute'
         where organization_id = (
           select organization_id from termination where due_at <= $1 order by due_at limit 1 for update skip locked)
         returning organization_id`,
        [at],
      ),
    );
    return due?.organization_id;
  }

  private async advance(organizationId: string, at: Date): Promise<void> {
    const { policy } = this;
    const actor = { type: 'service', id: this.database.service } as const;
    await this.database.asWorker(async (transaction) => {
      const advanced = await this.store
        .unit(transaction, organizationId, { actor, occurredAt: at, requestId: null })
        .execute(terminationAggregate, organizationId, {
          ...{ type: 'advance', at, policy, newCertificateId: this.ids.newId() },
        });
      if (isRejected(advanced)) throw new Error(`Time cannot be rejected: ${advanced.rejected}`);
      await transaction.query('update termination set due_at = $2 where organization_id = $1', [
        organizationId,
        nextDueAt(advanced.state, policy),
      ]);
    });
  }
}
