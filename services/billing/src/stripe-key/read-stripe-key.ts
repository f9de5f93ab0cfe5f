import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, organizationOf } from '@vouchsafe/service-host';
import { shownTime } from '../stripe/shown-time.js';
import type { ShownStripeKey } from './shown-stripe-key.js';
import type { StripeKeyRejection } from './stripe-key.decider.js';
import { StripeKeyRow } from './stripe-key.entity.js';

@Injectable()
export class ReadStripeKey {
  constructor(private readonly database: Database) {}

  read(caller: Caller): Promise<ShownStripeKey | StripeKeyRejection> {
    const organizationId = organizationOf(caller);
    return this.database.forOrganization(organizationId, async (transaction) => {
      const found = await (await transaction.entityManager()).findOne(StripeKeyRow, { organizationId });
      if (!found) return { rejected: 'no-key' };
      const { lastFour, setBy, setAt } = found;
      return { lastFour, setBy, setAt: shownTime(setAt) };
    });
  }
}
