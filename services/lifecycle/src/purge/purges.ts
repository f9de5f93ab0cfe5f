/** @promise P31 begins a purge, in the transaction that ends every way back */
import { Inject, Injectable } from '@nestjs/common';
import { serviceNames } from '@vouchsafe/contracts';
import { Database, type Transaction } from '@vouchsafe/database';
import { isRejected, type OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { refusedAmong } from '@vouchsafe/vault';
import { Operator } from '../organization/operator.js';
import { BACKUP_POLICY } from '../termination/backup-policy.js';
import { type BackupPolicy, planOf } from '../termination/plan.js';
import { purgeAggregate } from './purge.aggregate.js';
import type { Purge, PurgeBeginning, PurgeCommand, PurgeReceipt, Services } from './purge.decider.js';

export const services: Services = { all: serviceNames, last: 'audit' };

@Injectable()
export class Purges {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
    @Inject(BACKUP_POLICY) private readonly policy: BackupPolicy,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'warn'>,
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
    await this.execute(transaction, erasureId, {
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
  }

  /** @throws for a purge that nobody began, unless the organization is gone here: the database was restored from before its purge */
  async noteReceipt(
    transaction: Transaction,
    { erasureId, organizationId }: { readonly erasureId: string; readonly organizationId: string },
    receipt: PurgeReceipt,
  ): Promise<void> {
    const { state } = await this.unit(transaction).load(purgeAggregate, erasureId);
    // The tombstones outlive every restore. What was deleted by them once more has its certificate from the first time.
    if (state.status === 'absent' && (await refusedAmong(transaction, [organizationId])).size > 0) {
      this.logger.warn({ erasureId }, 'A receipt of a purge of which a restored database has no record');
      return;
    }
    await this.execute(transaction, erasureId, { type: 'note-receipt', receipt, services });
  }

  async load(erasureId: string): Promise<Purge> {
    const { state } = await this.database.asWorker((transaction) =>
      this.unit(transaction).load(purgeAggregate, erasureId),
    );
    return state;
  }

  /** @throws for a rejection: none of these commands comes from somebody who could act on it, and a receipt is never skipped */
  async execute(transaction: Transaction, erasureId: string, command: PurgeCommand) {
    const done = await this.unit(transaction).execute(purgeAggregate, erasureId, command);
    if (isRejected(done))
      throw new Error(`${command.type} of purge ${erasureId} was rejected: ${done.rejected}`);
    return done;
  }

  private unit(transaction: Transaction) {
    const actor = { type: 'service', id: 'lifecycle' } as const;
    const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
    return this.store.unit(transaction, this.operator.organizationId, envelope);
  }
}
