/** @promise P10 a request for access or portability is answered by an archive of what every service keeps of the person (Articles 15, 20 GDPR) */
import { Injectable } from '@nestjs/common';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  assertRecentlyAuthenticated,
  type Caller,
  Clock,
  envelopeOf,
  Ids,
  organizationOf,
  problem,
} from '@vouchsafe/service-host';
import type { Asked } from '../attachment/byte-range.js';
import { DeleteReturn } from '../return/delete-return.js';
import { type OpenedPart, OpenPart } from '../return/open-part.js';
import { ReadReturns } from '../return/read-returns.js';
import { PART_SIZE } from '../return/request-return.js';
import { returnAggregate } from '../return/return.aggregate.js';
import { ReturnRow } from '../return/return.entity.js';
import type { ReturnView } from '../return/return.view.js';
import { terminationAggregate } from '../termination/termination.aggregate.js';
import { archiveOf, type DataRequestRejection } from './data-request.decider.js';
import { type DataRequestView, viewOf } from './data-request.view.js';
import { DataRequests } from './data-requests.js';
import { People } from './people.js';
import { ReadRequests } from './read-requests.js';

export type ArchivingRejection =
  DataRequestRejection | { readonly rejected: 'unknown-person' | 'person-erased' | 'purging' | 'held' };

@Injectable()
export class ArchiveByRequest {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly people: People,
    private readonly requests: DataRequests,
    private readonly readRequests: ReadRequests,
    private readonly readReturns: ReadReturns,
    private readonly openPart: OpenPart,
    private readonly deleteReturn: DeleteReturn,
  ) {}

  /** All of a person's data in one place: a recent proof is asked for, as for the archive of an organization. */
  async make(caller: Caller, id: string): Promise<DataRequestView | ArchivingRejection> {
    const [organizationId, at] = [organizationOf(caller), this.clock.now()];
    assertRecentlyAuthenticated(caller, at);
    const { userId } = await this.requests.load(caller, id);
    if (userId === null) return { rejected: 'no-account' };
    const person = await this.people.find(organizationId, userId);
    if (person.status === 'unknown') return { rejected: 'unknown-person' };
    if (person.isErased) return { rejected: 'person-erased' };
    return this.store.transact(organizationId, envelopeOf(caller, at), async (unit) => {
      const termination = await unit.load(terminationAggregate, organizationId);
      if (termination.state.status === 'purging') return { rejected: 'purging' };
      const returnId = this.ids.newId();
      const done = await this.requests.execute(unit, id, { type: 'archive', archiveId: returnId });
      if ('rejected' in done) return done;
      const requested = await unit.execute(returnAggregate, returnId, {
        type: 'request-of-person',
        requested: { organizationId, returnId, dataRequestId: id, userId },
      });
      if (isRejected(requested)) throw new Error('The id of a new archive is taken');
      (await unit.entityManager()).create(ReturnRow, {
        ...{
          organizationId,
          returnId,
          status: 'requested',
          partSize: PART_SIZE,
          fromTime: null,
          toTime: null,
        },
        ...{ dataRequestId: id, userId, subjects: person.subjects },
        ...{ plan: null, position: null, expiresAt: null },
        ...{ requestedAt: at.toISOString(), dueAt: at.toISOString() },
      });
      return viewOf(done.state, at, []);
    });
  }

  /** For whoever may see the request: those who decide, and the person. */
  async read(caller: Caller, id: string): Promise<ReturnView> {
    return this.readReturns.read(caller, await this.archiveOf(caller, id), id);
  }

  /** A session that somebody left open gives out nothing: a recent proof is asked for. */
  async open(caller: Caller, id: string, part: number, asked: Asked): Promise<OpenedPart> {
    const archiveId = await this.archiveOf(caller, id);
    assertRecentlyAuthenticated(caller, this.clock.now());
    return this.openPart.open(caller, archiveId, part, asked, id);
  }

  /** It was of the wrong person, or must not be given out. */
  async delete(caller: Caller, id: string): Promise<ArchivingRejection | null> {
    const archiveId = archiveOf(await this.requests.load(caller, id));
    if (archiveId === null) return { rejected: 'not-there' };
    return this.deleteReturn.delete(caller, archiveId, id);
  }

  private async archiveOf(caller: Caller, id: string): Promise<string> {
    const archiveId = archiveOf(await this.readRequests.load(caller, id));
    if (archiveId === null) throw problem('not-found');
    return archiveId;
  }
}
