import { Injectable } from '@nestjs/common';
import { Database, exactTime, instant } from '@vouchsafe/database';
import { EventStore } from '@vouchsafe/event-store';
import {
  type Caller,
  Clock,
  cursorOf,
  envelopeOf,
  organizationOf,
  pageFound,
  pageOf,
  type PageQuery,
  problem,
} from '@vouchsafe/service-host';
import type { z } from 'zod';
import { Operator } from '../organization/operator.js';
import { holdAggregate } from './hold.aggregate.js';
import { HoldRow } from './hold.entity.js';
import { holdSummary, type HoldView, viewOf } from './hold.view.js';

export const holdPage = pageOf(holdSummary);
const cursor = cursorOf({ placedAt: 'time', holdId: 'id' });

@Injectable()
export class ReadHolds {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly operator: Operator,
  ) {}

  /** Newest first; row-level security shows the operator every hold, and an organization those on its own data. */
  list(caller: Caller, query: PageQuery): Promise<z.infer<typeof holdPage>> {
    const after = cursor.read(query.cursor);
    const now = this.clock.now();
    return this.database.forOrganization(organizationOf(caller), async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findByCursor(HoldRow, {
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        orderBy: { placedAt: 'desc', holdId: 'desc' },
      });
      return pageFound(
        found,
        (row) => shown(row, now),
        ({ placedAt, holdId }) => cursor.write({ placedAt: exactTime(placedAt), holdId }),
      );
    });
  }

  read(caller: Caller, holdId: string): Promise<HoldView> {
    const [own, now] = [organizationOf(caller), this.clock.now()];
    return this.store.transact(this.operator.organizationId, envelopeOf(caller, now), async (unit) => {
      const { state } = await unit.load(holdAggregate, holdId);
      if (state.status !== 'absent' && !this.operator.is(own) && state.heldOrganizationId !== own)
        throw problem('not-found');
      return viewOf(state, now);
    });
  }
}

function shown({ holdId, heldOrganizationId, status, placedAt, reviewDueAt }: HoldRow, now: Date) {
  const due = instant(reviewDueAt);
  return {
    ...{ holdId, organizationId: heldOrganizationId, status },
    placedAt: instant(placedAt).toISOString(),
    reviewDueAt: due.toISOString(),
    reviewOverdue: status !== 'released' && due < now,
  };
}
