/** @promise P31 lifecycle asks whether an organization may be deleted */
import { Controller } from '@nestjs/common';
import { type DataOf, lifecycleFacts } from '@vouchsafe/contracts';
import { type ReactionContext, ReactsTo, type Received } from '@vouchsafe/messaging';
import { Clock } from '@vouchsafe/service-host';

@Controller()
export class PurgeChecksController {
  constructor(private readonly clock: Clock) {}

  /** The next one of `CheckBeforePurge` takes it up: nobody is asked while the fact is taken. */
  @ReactsTo(lifecycleFacts.purgeProposed, { permission: 'billing:write' })
  async takeOn(
    { data: { organizationId, epoch } }: Received<DataOf<typeof lifecycleFacts.purgeProposed>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    await transaction.query(
      `insert into purge_check as known (organization_id, epoch, due_at) values ($1, $2, $3)
       on conflict (organization_id) do update set epoch = excluded.epoch, due_at = excluded.due_at, tries = 0
       where known.epoch < excluded.epoch`,
      [organizationId, epoch, this.clock.now()],
    );
  }

  @ReactsTo(lifecycleFacts.organizationReactivated, { permission: 'billing:write' })
  async forget(
    { data: { organizationId, epoch } }: Received<DataOf<typeof lifecycleFacts.organizationReactivated>>,
    { transaction }: ReactionContext,
  ): Promise<void> {
    await transaction.query('delete from purge_check where organization_id = $1 and epoch <= $2', [
      organizationId,
      epoch,
    ]);
  }
}
