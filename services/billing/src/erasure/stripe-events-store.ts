/** @promise P31 which of Stripe's objects and events were an organization's is forgotten with it */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { streamOf } from '@vouchsafe/event-store';
import { type DataStore, NO_PERSON, type OrganizationRemoval } from '@vouchsafe/service-host';
import { cardFailureAggregate } from '../card-failure/card-failure.aggregate.js';
import { forgetObjects } from '../observation/claims.js';
import { paymentExceptionAggregate } from '../payment-exception/payment-exception.aggregate.js';

const BATCH = 1_000;

/** Every object that was read since it is known whose it was; those of before by the registers and events, which go after this. */
const objectsOf = `
  select object_id from stripe_object where organization_id = $1
  union select object_id from stripe_object where organization_id is null and object_id in (
    select subscription_id from subscription where organization_id = $1
    union all select invoice_id from invoice where organization_id = $1
    union all select payment_method_id from payment_method where organization_id = $1
    union all select customer_id from customer where organization_id = $1
    union all select substr(stream, length($2) + 1) from event where organization_id = $1 and stream like $2 || '%'
    union all select inbox.object_id from event join inbox on inbox.event_id = event.payload->>'eventId'
      where event.stream = $3)`;

/** The number of an event stays for 40 days, with nothing beside it: what Stripe sends again is not taken for new. */
@Injectable()
export class StripeEventsStore implements DataStore {
  readonly name = 'stripe-events';
  readonly places = ['stripe_object', 'inbox'];
  readonly person = 'none';
  readonly returned = { nothing: 'derived' } as const;
  readonly access = NO_PERSON;

  constructor(private readonly database: Database) {}

  readonly organization: OrganizationRemoval = {
    count: async (organizationId) => {
      const [found] = await this.database.asWorker((sql) =>
        sql.query<{ records: number }>(
          `with own as (${objectsOf})
           select ((select count(*) from own) + (select count(*) from inbox join own using (object_id)))::int as records`,
          parametersOf(organizationId),
        ),
      );
      return found?.records ?? 0;
    },
    remove: async (organizationId, destroy) => {
      // As `worker`, whose tables these are.
      while ((await destroy.outside(() => this.removeSome(organizationId))) === BATCH);
    },
  };

  private removeSome(organizationId: string): Promise<number> {
    return this.database.asWorker(async (sql) => {
      const rows = await sql.query<{ object_id: string }>(
        `${objectsOf} limit ${BATCH}`,
        parametersOf(organizationId),
      );
      await forgetObjects(
        sql,
        rows.map(({ object_id }) => object_id),
      );
      return rows.length;
    });
  }
}

function parametersOf(organizationId: string): readonly string[] {
  return [
    ...[organizationId, streamOf(paymentExceptionAggregate, '')],
    streamOf(cardFailureAggregate, organizationId),
  ];
}
