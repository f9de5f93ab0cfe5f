/** @promise P10 archives of a person's data go when the person is erased, and what is known of them when their request is retired */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import { Clock, type Destroying, type PersonErasure, type PersonRemoval } from '@vouchsafe/service-host';
import { BodyStore } from '../attachment/body-store.js';
import { DataRequests } from '../request/data-requests.js';
import { returnAggregate } from './return.aggregate.js';

interface Archive {
  readonly organizationId: string;
  readonly returnId: string;
  readonly dataRequestId: string;
}

/** The key of each part is sealed by the person's, which is destroyed: what is left of a body anywhere cannot be read. */
@Injectable()
export class RemoveArchivesOfPerson implements PersonRemoval {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly bodies: BodyStore,
    private readonly requests: DataRequests,
  ) {}

  /** By the id of the person or, when a request is retired, by that of the request. */
  async remove({ subjects }: PersonErasure, destroy: Destroying): Promise<void> {
    for (const archive of await this.archivesOf(subjects))
      await destroy.outside(async () => {
        const { organizationId, returnId, dataRequestId } = archive;
        await this.end(archive);
        for (const attachmentId of await this.partsOf(returnId))
          await this.bodies.remove({ organizationId, attachmentId });
        await this.database.asWorker(async (sql) => {
          await sql.query('delete from return_part where return_id = $1', [returnId]);
          if (subjects.includes(dataRequestId))
            await sql.query('delete from data_return where return_id = $1', [returnId]);
        });
      });
  }

  /** Nothing of it is given out any more, and what was to be answered by it is open again. */
  private end({ organizationId, returnId, dataRequestId }: Archive): Promise<void> {
    const actor = { type: 'service', id: this.database.service } as const;
    const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
    return this.database.asWorker(async (sql) => {
      const unit = this.store.unit(sql, organizationId, envelope);
      const deleted = await unit.execute(returnAggregate, returnId, { type: 'delete' });
      // It has ended already.
      if (isRejected(deleted)) return;
      await sql.query('update data_return set status = $2, due_at = null where return_id = $1', [
        returnId,
        deleted.state.status,
      ]);
      const noted = { type: 'note-archive-deleted', archiveId: returnId } as const;
      await this.requests.execute(unit, dataRequestId, noted);
    });
  }

  private archivesOf(subjects: readonly string[]): Promise<Archive[]> {
    return this.database.asWorker((sql) =>
      sql.query<Archive>(
        `select organization_id as "organizationId", return_id as "returnId", data_request_id as "dataRequestId" from data_return
         where user_id = any ($1::uuid[]) or data_request_id = any ($1::uuid[])`,
        [subjects],
      ),
    );
  }

  private async partsOf(returnId: string): Promise<string[]> {
    const parts = await this.database.asWorker((sql) =>
      sql.query<{ id: string }>('select part_id as id from return_part where return_id = $1', [returnId]),
    );
    return parts.map(({ id }) => id);
  }
}
