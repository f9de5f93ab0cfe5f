import { aggregate, inlineProjection } from '@vouchsafe/event-store';
import { customer } from './customer.decider.js';
import { type CustomerEvent, customerEvents } from './customer.events.js';

/** The register `customer`; names and addresses are in the stream alone. */
const customerProjection = inlineProjection<CustomerEvent>({
  name: 'customer',
  on: {
    'customer-created': async (sql, { data, envelope }) => {
      await sql.query(
        'update customer set replaced_at = $2 where organization_id = $1 and replaced_at is null',
        [data.organizationId, envelope.occurredAt],
      );
      await sql.query('insert into customer (organization_id, customer_id, created_at) values ($1, $2, $3)', [
        data.organizationId,
        data.customerId,
        envelope.occurredAt,
      ]);
    },
  },
});

export const customerAggregate = aggregate({
  category: 'customer',
  catalog: customerEvents,
  decider: customer,
  inline: [customerProjection],
});
