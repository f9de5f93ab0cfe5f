import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, type StripeFailure } from '../stripe/stripe-failure.js';

/** The customers of an organization, as they are at Stripe now. */
@Injectable()
export class CustomerAtStripe {
  constructor(
    private readonly database: Database,
    private readonly stripe: StripeApi,
  ) {}

  /** Also of those that were deleted in the dashboard and replaced. */
  async idsOf(organizationId: string): Promise<string[]> {
    const rows = await this.database.asWorker((sql) =>
      sql.query<{ customer_id: string }>(
        'select customer_id from customer where organization_id = $1 order by created_at',
        [organizationId],
      ),
    );
    return rows.map(({ customer_id }) => customer_id);
  }

  /**
   * Stripe remembers what was deleted; in test mode all data can be removed without a trace. One that Stripe's live mode does not know is
   * a customer of another account: nobody can say what it has.
   */
  async find(customerId: string): Promise<{ readonly isGone: boolean } | StripeFailure> {
    const found = await this.stripe.background.read((stripe, options) =>
      stripe.customers.retrieve(customerId, {}, options),
    );
    if (!isFailed(found)) return { isGone: found.deleted === true };
    const isRemoved = found.failed === 'refused' && found.reason === 'not-found';
    return isRemoved && !this.stripe.settings.livemode ? { isGone: true } : found;
  }
}
