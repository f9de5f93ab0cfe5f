import { Inject, Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  envelopeOf,
  HeldError,
  LOGGER,
  organizationOf,
  refuseHeld,
  type ServiceLogger,
} from '@vouchsafe/service-host';
import { attachmentAggregate } from './attachment.aggregate.js';
import { AttachmentRow } from './attachment.entity.js';
import { Attachments } from './attachments.js';

export type DeletingRejection = { readonly rejected: 'not-stored' | 'held' };

/** A file may be about anybody, and shows what was there at a time. */
const about = { people: true, entities: ['attachment'], times: true } as const;

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
    const deleting = this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      await refuseHeld(unit, { organizations: [organizationId], about });
      const entityManager = await unit.entityManager();
      const row = await entityManager.findOne(AttachmentRow, { attachmentId, status: 'stored' });
      if (!row) return { rejected: 'not-stored' } as const;
      const deleted = await unit.execute(attachmentAggregate, attachmentId, { type: 'delete' });
      if (isRejected(deleted)) return { rejected: 'not-stored' } as const;
      Object.assign(row, { status: 'removing', dueAt: at.toISOString() });
      return null;
    });
    const rejected = await deleting.catch((error: unknown) => {
      if (error instanceof HeldError) return { rejected: 'held' } as const;
      throw error;
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
