import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  envelopeOf,
  HeldError,
  organizationOf,
  refuseHeld,
} from '@vouchsafe/service-host';
import { DataRequests } from '../request/data-requests.js';
import { returnAggregate } from './return.aggregate.js';
import { ReturnRow } from './return.entity.js';

export type DeletingRejection = { readonly rejected: 'not-there' | 'held' };

/** An archive may be about anybody, or about one person, and shows what was there at a time. */
export function destructionOf(organizationId: string, subjects: readonly string[] | null | undefined) {
  const about = { people: true, entities: null, times: true } as const;
  return { organizations: [organizationId], about, ...(subjects && { subjects }) };
}

@Injectable()
export class DeleteReturn {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly requests: DataRequests,
  ) {}

  /**
   * Nothing of it is given out once this is committed; `AssembleReturns` removes its parts.
   * @param dataRequestId the request that the archive answers; null for the organization's own
   */
  async delete(
    caller: Caller,
    returnId: string,
    dataRequestId: string | null = null,
  ): Promise<DeletingRejection | null> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    const deleting = this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      const which = { returnId, dataRequestId };
      const entityManager = await unit.entityManager();
      const row = await entityManager.findOne(ReturnRow, which, { populate: ['subjects'] });
      if (!row) return { rejected: 'not-there' } as const;
      await refuseHeld(unit, destructionOf(organizationId, row.subjects));
      const deleted = await unit.execute(returnAggregate, returnId, { type: 'delete' });
      if (isRejected(deleted)) return { rejected: 'not-there' } as const;
      const { status } = deleted.state;
      if (status !== 'absent') Object.assign(row, { status, dueAt: at.toISOString() });
      if (dataRequestId === null) return null;
      const stopped = { type: 'note-archive-deleted', archiveId: returnId } as const;
      const noted = await this.requests.execute(unit, dataRequestId, stopped);
      return 'rejected' in noted ? ({ rejected: 'not-there' } as const) : null;
    });
    return deleting.catch((error: unknown) => {
      if (error instanceof HeldError) return { rejected: 'held' } as const;
      throw error;
    });
  }
}
