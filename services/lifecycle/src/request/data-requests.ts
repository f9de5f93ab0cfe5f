import { Injectable } from '@nestjs/common';
import type { Transaction } from '@vouchsafe/database';
import { isRejected } from '@vouchsafe/event-sourcing';
import { EventStore, type UnitOfWork } from '@vouchsafe/event-store';
import { type Caller, Clock, envelopeOf, organizationOf, problem } from '@vouchsafe/service-host';
import { dataRequestAggregate } from './data-request.aggregate.js';
import {
  type DataRequest,
  type DataRequestCommand,
  type DataRequestRejection,
  isOpen,
  nextExpiry,
} from './data-request.decider.js';
import { DataRequestRow } from './data-request.entity.js';
import { datesOf } from './request-dates.js';

export type There = Exclude<DataRequest, { readonly status: 'absent' }>;

/** What the use cases share: the stream, and the row of the register that follows from it. */
@Injectable()
export class DataRequests {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
  ) {}

  async execute(
    unit: UnitOfWork,
    dataRequestId: string,
    command: DataRequestCommand,
  ): Promise<{ readonly state: There; readonly isChanged: boolean } | DataRequestRejection> {
    const done = await unit.execute(dataRequestAggregate, dataRequestId, command);
    if (isRejected(done)) return done;
    const { state, events } = done;
    if (state.status === 'absent') throw new Error('What was decided about a request is not there');
    if (events.length > 0) await this.enter(unit, state);
    return { state, isChanged: events.length > 0 };
  }

  /** @throws the problem `not-found` where there is none that the organization can see */
  load(caller: Caller, dataRequestId: string): Promise<There> {
    const envelope = envelopeOf(caller, this.clock.now());
    return this.store.transact(organizationOf(caller), envelope, async (unit) => {
      const { state } = await unit.load(dataRequestAggregate, dataRequestId);
      if (state.status === 'absent' || state.status === 'retired' || state.status === 'unconfirmed')
        throw problem('not-found');
      return state;
    });
  }

  /** For what no request of a client causes. */
  unit(transaction: Transaction, organizationId: string): UnitOfWork {
    const actor = { type: 'service', id: 'lifecycle' } as const;
    const envelope = { actor, occurredAt: this.clock.now(), requestId: null };
    return this.store.unit(transaction, organizationId, envelope);
  }

  private async enter(unit: UnitOfWork, state: There): Promise<void> {
    const entityManager = await unit.entityManager();
    const { dataRequestId, kind, status, userId, receivedAt, receiptId } = state;
    const erasureId = 'erasureId' in state ? state.erasureId : null;
    await entityManager.upsert(DataRequestRow, {
      ...{ dataRequestId, organizationId: unit.organizationId, kind, status, userId, receivedAt, receiptId },
      ...{ erasureId, dueAt: dueAtOf(state, this.clock.now()) },
      followAt: nextExpiry(state)?.at.toISOString() ?? null,
    });
  }
}

/** Until when it must be answered; null where nothing is to be answered, or the clock stands still. */
function dueAtOf(state: There, now: Date): string | null {
  if (!isOpen(state) || state.status === 'identity-pending') return null;
  const { receivedAt, extension, waiting } = state;
  const isExtended = extension !== null;
  return datesOf({ receivedAt: new Date(receivedAt), isExtended, waiting }, now).dueAt.toISOString();
}
