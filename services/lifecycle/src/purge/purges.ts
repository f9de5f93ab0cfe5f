/** @promise P31 begins a purge, in the transaction that ends every way back */
import { Inject, Injectable } from '@nestjs/common';
import { serviceNames } from '@vouchsafe/contracts';
import type { Transaction } from '@vouchsafe/database';
import { isRejected, type OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { Clock } from '@vouchsafe/service-host';
import { Operator } from '../organization/operator.js';
import { BACKUP_POLICY } from '../termination/backup-policy.js';
import { type BackupPolicy, planOf } from '../termination/plan.js';
import { purgeAggregate } from './purge.aggregate.js';
import type { PurgeBeginning, PurgeReceipt, Services } from './purge.decider.js';

export const services: Services = { all: serviceNames, last: 'audit' };

@Injectable()
export class Purges {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
    @Inject(BACKUP_POLICY) private readonly policy: BackupPolicy,
  ) {}

  async begin(
    transaction: Transaction,
    {
      erasureId,
      organizationId,
      epoch,
      ...ended
    }: Pick<PurgeBeginning, 'erasureId' | 'endedAt' | 'cause' | 'noticedAt'> & {
      readonly organizationId: OrganizationId;
      readonly epoch: number;
    },
  ): Promise<void> {
    const noticedAt = ended.noticedAt === null ? null : new Date(ended.noticedAt);
    const { productionErasedBy, backupsExpiredBy } = planOf(new Date(ended.endedAt), noticedAt, this.policy);
    const begun = await this.unit(transaction).execute(purgeAggregate, erasureId, {
      type: 'begin',
      beginning: {
        ...{ erasureId, erasedOrganizationId: organizationId, ...ended },
        productionErasedBy: productionErasedBy.toISOString(),
        backupsExpiredBy: backupsExpiredBy.toISOString(),
        backupPolicy: this.policy,
      },
      services,
    });
    // The address that the owners were given leads to the certificate from now on, and not with the organization's rows.
    await transaction.query(
      'update certificate set erasure_id = $2, organization_id = $3 where organization_id = $1 and epoch = $4',
      [organizationId, erasureId, this.operator.organizationId, epoch],
    );
    if (isRejected(begun)) throw new Error(`A purge cannot begin: ${begun.rejected}`);
  }

  async noteReceipt(transaction: Transaction, erasureId: string, receipt: PurgeReceipt): Promise<void> {
    const noted = await this.unit(transaction).execute(purgeAggregate, erasureId, {
      ...{ type: 'note-receipt', receipt, services },
    });
    // Never skipped: another service has deleted what lifecycle did not ask for.
    if (isRejected(noted))
      throw new Error(`A receipt of ${receipt.service} for a purge that was never begun`);
  }

  private unit(transaction: Transaction) {
    const actor = { type: 'service', id: 'lifecycle' } as const;
    const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
    return this.store.unit(transaction, this.operator.organizationId, envelope);
  }
}
