/** @promise P31 a hold that a restored database lost can be seen, reviewed and released */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { HoldScope } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { Clock, LOGGER, Metrics, type ServiceLogger } from '@vouchsafe/service-host';
import { Gauge } from 'prom-client';
import { Operator } from '../organization/operator.js';
import { holdAggregate } from './hold.aggregate.js';
import { Holds } from './holds.js';

@Injectable()
export class KeepHolds implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly holds: Holds,
    private readonly clock: Clock,
    private readonly operator: Operator,
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'warn'>,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.recall();
    this.measureOverdue();
  }

  /**
   * A database that was restored to a time before a hold has it from the file beside it, and none of its events. It is placed again under its id,
   * and released again where it was, so that it can be seen, reviewed and released. Its reason is lost with the events.
   */
  async recall(): Promise<void> {
    const lost = await this.database.asWorker((sql) =>
      sql.query<{
        hold_id: string;
        held_organization_id: OrganizationId;
        scope: HoldScope;
        release_requested_at: string | null;
      }>(
        `select hold_id, held_organization_id, scope, release_requested_at from hold
         where not exists (select from legal_hold where legal_hold.hold_id = hold.hold_id)`,
      ),
    );
    for (const { hold_id: holdId, held_organization_id: heldOrganizationId, scope, ...lostHold } of lost) {
      const at = this.clock.now();
      const by = { type: 'service', id: 'lifecycle' };
      const placedFor = this.operator.organizationId as OrganizationId;
      await this.database.asWorker(async (transaction) => {
        const unit = this.holds.unit(transaction);
        const hold = {
          holdId,
          heldOrganizationId,
          scope,
          reason: null,
          placedBy: by,
          placedFor,
          until: null,
        };
        await unit.execute(holdAggregate, holdId, { type: 'place', hold, at });
        if (lostHold.release_requested_at !== null)
          await unit.execute(holdAggregate, holdId, { type: 'release', by, reason: null });
      });
      this.logger.warn({ holdId }, 'A legal hold was recalled after a restore; its reason is lost');
    }
  }

  private measureOverdue(): void {
    const { database, clock } = this;
    new Gauge({
      name: 'holds_review_overdue',
      help: 'Legal holds that nobody has reviewed in time; they stay in force until somebody releases them',
      registers: [this.metrics.registry],
      async collect() {
        const [row] = await database
          .asWorker((sql) =>
            sql.query<{ overdue: number }>(
              `select count(*)::int as overdue from legal_hold where status <> 'released' and review_due_at < $1`,
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
