import { Inject, Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  envelopeOf,
  LOGGER,
  organizationOf,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { attachmentAggregate } from './attachment.aggregate.js';
import { AttachmentRow } from './attachment.entity.js';
import { Attachments } from './attachments.js';

export type DeletingRejection = { readonly rejected: 'not-stored' };

@Injectable()
export class DeleteAttachment {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly attachments: Attachments,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  /** It is gone once this is committed; a body that cannot be removed now is removed by `RemoveBodies`. */
  async delete(caller: Caller, attachmentId: string): Promise<DeletingRejection | null> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    const rejected = await this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      const entityManager = await unit.entityManager();
      const row = await entityManager.findOne(AttachmentRow, { attachmentId, status: 'stored' });
      if (!row) return { rejected: 'not-stored' } as const;
      const deleted = await unit.execute(attachmentAggregate, attachmentId, { type: 'delete' });
      if (isRejected(deleted)) return { rejected: 'not-stored' } as const;
      Object.assign(row, { status: 'removing', dueAt: at.toISOString() });
      return null;
    });
    if (rejected) return rejected;
    await this.attachments.remove({ organizationId, attachmentId }).catch((error: unknown) => {
      this.logger.error(
        { err: error, attachmentId },
        'The body of a deleted attachment will be removed later',
      );
    });
    return null;
  }
}
