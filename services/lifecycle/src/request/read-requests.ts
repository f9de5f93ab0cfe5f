import { Injectable } from '@nestjs/common';
import { Database, exactTime, instant } from '@vouchsafe/database';
import type { OrganizationId } from '@vouchsafe/event-sourcing';
import { EventStore } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  cursorOf,
  envelopeOf,
  holdsCovering,
  organizationOf,
  pageFound,
  pageOf,
  pageQuery,
  problem,
} from '@vouchsafe/service-host';
import { z } from 'zod';
import { dataRequestAggregate } from './data-request.aggregate.js';
import { isBeingCarriedOut } from './data-request.decider.js';
import { DataRequestRow } from './data-request.entity.js';
import {
  dataRequestSummary,
  type DataRequestView,
  dataRequestView,
  shownStatuses,
  viewOf,
} from './data-request.view.js';
import { DataRequests, type There } from './data-requests.js';
import { assertPerson } from './people.js';
import { kind } from './receive-request.js';

export const dataRequestPage = pageOf(dataRequestSummary);
export const dataRequestQuery = pageQuery.extend({
  kind: kind.optional(),
  status: z.enum(shownStatuses).optional().describe('Those in this state alone'),
  overdue: z.enum(['true']).optional().describe('`true`: those alone that should have been answered'),
});

const { channel, text, extension, refusal, transferredTo } = dataRequestView.shape;
const time = z.iso.datetime();
/** A request as the archive of the person has it whom it is about. */
export const requestOfPerson = dataRequestSummary
  .omit({ overdue: true, userId: true, receivedAt: true })
  .extend({
    dataRequestId: z.uuid().describe('Id of the request'),
    receivedAt: time.describe('When it was received'),
    ...{ channel, text, extension, refusal, transferredTo },
    fulfilledAt: time.nullable().describe('When it was fulfilled; null where it was not'),
    statement: z.string().nullable().describe('What was done by hand; null where nothing was'),
    closedAt: time.nullable().describe('When it was closed; null where it is open'),
  });
const cursor = cursorOf({ receivedAt: 'time', dataRequestId: 'id' });

/** Those with the permission `requests:read` see every request to the organization, everybody else those about themselves. */
@Injectable()
export class ReadRequests {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly requests: DataRequests,
  ) {}

  list(caller: Caller, query: z.output<typeof dataRequestQuery>): Promise<z.infer<typeof dataRequestPage>> {
    assertPerson(caller);
    const about = mayReadAll(caller) ? {} : { userId: caller.actor.id };
    return this.page(organizationOf(caller), query, about);
  }

  /** Every request to the organization, for its own archive (P30). */
  listAll(
    organizationId: OrganizationId,
    query: z.output<typeof pageQuery>,
  ): Promise<z.infer<typeof dataRequestPage>> {
    return this.page(organizationId, query, {});
  }

  /** Those about one person, for the person's archive: as they are shown, without the address, which is that of whoever asked. */
  async listOf(
    caller: Caller,
    userId: string,
    query: z.output<typeof pageQuery>,
  ): Promise<{ readonly items: z.infer<typeof requestOfPerson>[]; readonly next: string | null }> {
    const [organizationId, now] = [organizationOf(caller), this.clock.now()];
    const { items, next } = await this.page(organizationId, query, { userId });
    const views = await this.store.transact(organizationId, envelopeOf(caller, now), async (unit) => {
      const loaded: z.infer<typeof requestOfPerson>[] = [];
      for (const { dataRequestId } of items) {
        const { state } = await unit.load(dataRequestAggregate, dataRequestId);
        if (state.status !== 'absent') loaded.push(rowOf(viewOf(state, now, [])));
      }
      return loaded;
    });
    return { items: views, next };
  }

  /** Newest first. */
  private page(
    organizationId: OrganizationId,
    query: z.output<typeof dataRequestQuery>,
    about: { readonly userId?: string },
  ): Promise<z.infer<typeof dataRequestPage>> {
    const after = cursor.read(query.cursor);
    const now = this.clock.now();
    return this.database.forOrganization(organizationId, async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findByCursor(DataRequestRow, {
        where: {
          status: query.status ?? { $in: [...shownStatuses] },
          ...(query.kind && { kind: query.kind }),
          ...(query.overdue && { dueAt: { $lt: now.toISOString() } }),
          ...about,
        },
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        orderBy: { receivedAt: 'desc', dataRequestId: 'desc' },
      });
      return pageFound(
        found,
        (row) => shown(row, now),
        ({ receivedAt, dataRequestId }) => cursor.write({ receivedAt: exactTime(receivedAt), dataRequestId }),
      );
    });
  }

  async read(caller: Caller, dataRequestId: string): Promise<DataRequestView> {
    const state = await this.load(caller, dataRequestId);
    const [organizationId, now] = [organizationOf(caller), this.clock.now()];
    const isStoppable = isBeingCarriedOut(state) && caller.permissions.includes('holds:read');
    const heldBy = isStoppable
      ? await this.store.transact(organizationId, envelopeOf(caller, now), (unit) =>
          holdsCovering(unit, { organizations: [organizationId], subjects: [state.userId ?? ''] }),
        )
      : [];
    return viewOf(state, now, heldBy);
  }

  /** What the caller may see. @throws the problem `not-found` */
  async load(caller: Caller, dataRequestId: string): Promise<There> {
    assertPerson(caller);
    const state = await this.requests.load(caller, dataRequestId);
    if (!mayReadAll(caller) && state.userId !== caller.actor.id) throw problem('not-found');
    return state;
  }
}

function rowOf(view: DataRequestView): z.infer<typeof requestOfPerson> {
  const { dataRequestId, kind: asked, status, receivedAt, dueAt, closedAt, fulfilment } = view;
  const { channel, text, extension, refusal, transferredTo } = view;
  return {
    ...{ dataRequestId, kind: asked, status, receivedAt, dueAt, closedAt },
    ...{ channel, text, extension, refusal, transferredTo },
    fulfilledAt: fulfilment?.fulfilledAt ?? null,
    statement: fulfilment?.statement ?? null,
  };
}

function mayReadAll({ permissions }: Caller): boolean {
  return permissions.includes('requests:read');
}

function shown(row: DataRequestRow, now: Date): z.infer<typeof dataRequestSummary> {
  const { dataRequestId, kind: asked, status, userId, receivedAt, dueAt } = row;
  const due = dueAt ? instant(dueAt) : null;
  return {
    ...{ dataRequestId, kind: asked, status: z.enum(shownStatuses).parse(status), userId: userId ?? null },
    receivedAt: instant(receivedAt).toISOString(),
    dueAt: due?.toISOString() ?? null,
    overdue: due !== null && due < now,
  };
}
