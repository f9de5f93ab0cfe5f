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
import { Vault } from '@vouchsafe/vault';
import { z } from 'zod';
import { StripeCustomerRow } from '../stripe-customer/stripe-customer.entity.js';
import { shownTime } from '../persistence/shown-time.js';
import { PaymentMethodRow } from './payment-method.entity.js';
import { card } from './payment-method.events.js';
import { openCard } from './sealed-card.js';

export const paymentMethodView = z
  .strictObject({
    paymentMethodId: z.string().describe('Id of the payment method at Stripe'),
    kind: z.string().describe('Stripe’s: `card`, `sepa_debit`, ...'),
    card: card.nullable().describe('Null for what is no card'),
    isDefault: z
      .boolean()
      .describe(
        'Whether this is the default card. A subscription that has a card of its own is charged to that one.',
      ),
    createdAt: z.iso.datetime().describe('When it was saved'),
    observedAt: z.iso.datetime().describe('When billing last read this from Stripe'),
  })
  .meta({
    id: 'PaymentMethod',
    examples: [
      {
        paymentMethodId: 'pm_1Pq2yA2eZvKYlo2C',
        kind: 'card',
        card: { brand: 'visa', last4: '4242', expiryMonth: 12, expiryYear: 2030 },
        isDefault: true,
        createdAt: '2026-11-29T05:00:00.000Z',
        observedAt: '2026-11-29T05:00:03.000Z',
      },
    ],
  });
export const paymentMethodPage = pageOf(paymentMethodView);
const cursor = cursorOf({ createdAt: 'time', paymentMethodId: 'stripeId' });

/** Reads the register; Stripe is not asked. */
@Injectable()
export class ListPaymentMethods {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  /** Those that are saved, newest first. */
  list(caller: Caller, query: PageQuery): Promise<z.infer<typeof paymentMethodPage>> {
    const [organizationId, after] = [organizationOf(caller), cursor.read(query.cursor)];
    return this.database.forOrganization(organizationId, async (transaction) => {
      const entityManager = await transaction.entityManager();
      const customers = await entityManager.find(StripeCustomerRow, { organizationId });
      const deleted = customers.flatMap(({ customerId, isDeleted }) => (isDeleted ? [customerId] : []));
      const defaults = new Set(customers.map((customer) => customer.defaultPaymentMethodId));
      const found = await entityManager.findByCursor(PaymentMethodRow, {
        ...{ first: query.limit, includeCount: false, ...(after && { after }) },
        where: { detachedAt: null, customerId: { $nin: deleted } },
        orderBy: { createdAt: 'desc', paymentMethodId: 'desc' },
      });
      const { items, next } = pageFound(
        found,
        (row) => row,
        ({ createdAt, paymentMethodId }) =>
          cursor.write({ createdAt: exactTime(createdAt), paymentMethodId }),
      );
      return {
        items: await Promise.all(
          items.map(async ({ paymentMethodId, kind, cardSealed, createdAt, observedAt }) => ({
            paymentMethodId,
            kind,
            card: cardSealed
              ? await openCard(this.vault, transaction, { organizationId, paymentMethodId }, cardSealed)
              : null,
            isDefault: defaults.has(paymentMethodId),
            createdAt: shownTime(createdAt),
            observedAt: shownTime(observedAt),
          })),
        ),
        next,
      };
    });
  }
}
