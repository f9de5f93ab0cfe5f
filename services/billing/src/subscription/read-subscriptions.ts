import { Injectable } from '@nestjs/common';
import { Database, exactTime } from '@vouchsafe/database';
import {
  type Caller,
  cursorOf,
  organizationOf,
  pageFound,
  pageOf,
  type PageQuery,
} from '@vouchsafe/service-host';
import type { z } from 'zod';
import { shownSubscription, shownSubscriptionOf } from './shown-subscription.js';
import { SubscriptionRow } from './subscription.entity.js';

export const subscriptionPage = pageOf(shownSubscription);
const cursor = cursorOf({ createdAt: 'time', subscriptionId: 'stripeId' });

export type UnknownSubscription = { readonly rejected: 'not-found' };

/** Reads the register; Stripe is not asked. */
@Injectable()
export class ReadSubscriptions {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  list(caller: Caller, query: PageQuery): Promise<z.infer<typeof subscriptionPage>> {
    const after = cursor.read(query.cursor);
    return this.database.forOrganization(organizationOf(caller), async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findByCursor(SubscriptionRow, {
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        orderBy: { createdAt: 'desc', subscriptionId: 'desc' },
      });
      return pageFound(found, shownSubscriptionOf, ({ createdAt, subscriptionId }) =>
        cursor.write({ createdAt: exactTime(createdAt), subscriptionId }),
      );
    });
  }

  read(
    caller: Caller,
    subscriptionId: string,
  ): Promise<z.infer<typeof shownSubscription> | UnknownSubscription> {
    return this.database.forOrganization(organizationOf(caller), async (transaction) => {
      const entityManager = await transaction.entityManager();
      const found = await entityManager.findOne(SubscriptionRow, { subscriptionId });
      return found ? shownSubscriptionOf(found) : { rejected: 'not-found' };
    });
  }
}
