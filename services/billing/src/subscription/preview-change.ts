import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, Clock, organizationOf } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { Customers } from '../customer/customers.js';
import { chosenPrice } from '../price/chosen-price.js';
import { PriceCatalog, type PriceRejection } from '../price/price-catalog.js';
import { money, moneyOf } from '../stripe/money.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, type StripeFailure, type StripeRefusal } from '../stripe/stripe-failure.js';
import { type AgreedChange, writeToken } from './change-token.js';
import { idOf, isOver, ownSubscription } from './own-subscription.js';

/** A person reads a page before they agree. */
const TOKEN_MINUTES = 30;

export const wantedChange = z
  .strictObject(chosenPrice)
  .meta({ id: 'WantedSubscriptionChange', examples: [{ priceId: 'price_1Pq2xK2eZvKYlo2C', quantity: 5 }] });
type WantedChange = z.output<typeof wantedChange>;

export const changePreview = z
  .strictObject({
    token: z.string().describe('Send it to agree to exactly this change at exactly this cost'),
    expiresAt: z.iso.datetime(),
    dueNow: money.describe('What is charged when the change is agreed to; below 0 it is credited'),
    lines: z
      .array(
        z.strictObject({
          description: z.string().nullable().describe('Stripe’s words'),
          amount: money.describe('Below 0 it is a credit, for time that was paid for and is not used'),
          from: z.iso.datetime().describe('Begin of the time that it is for'),
          to: z.iso.datetime().describe('End of the time that it is for'),
        }),
      )
      .describe('What `dueNow` is made of'),
  })
  .meta({ id: 'SubscriptionChangePreview' });
type ChangePreview = z.infer<typeof changePreview>;

export type PreviewRejection =
  PriceRejection | { readonly rejected: StripeRefusal | 'unavailable' | 'no-change' };

@Injectable()
export class PreviewChange {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly stripe: StripeApi,
    private readonly customers: Customers,
    private readonly prices: PriceCatalog,
    private readonly clock: Clock,
  ) {}

  /** What a change would cost now. Nothing is changed, and nothing is kept. */
  async preview(
    caller: Caller,
    subscriptionId: string,
    wanted: WantedChange,
  ): Promise<ChangePreview | PreviewRejection> {
    const organizationId = organizationOf(caller);
    const notSold = this.prices.refusal(wanted.priceId);
    if (notSold) return notSold;
    const customerId = await this.customers.find(organizationId);
    if (customerId === undefined) return { rejected: 'not-found' };
    const subscription = await ownSubscription(this.stripe, customerId, subscriptionId);
    if (isFailed(subscription)) return rejection(subscription);
    const change = this.changeOf(organizationId, subscription, wanted);
    if ('rejected' in change) return change;
    const invoice = await this.stripe.read((client, options) =>
      client.invoices.createPreview(previewOf(customerId, change), options),
    );
    if (isFailed(invoice)) return rejection(invoice);
    const token = await this.database.forOrganization(organizationId, (sql) =>
      writeToken(this.vault, sql, change),
    );
    return { token, expiresAt: new Date(change.expiresAt).toISOString(), ...shown(invoice) };
  }

  private changeOf(
    organizationId: string,
    subscription: Stripe.Subscription,
    { priceId, quantity }: WantedChange,
  ): AgreedChange | PreviewRejection {
    const [item, ...others] = subscription.items.data;
    if (!item || others.length > 0 || isOver(subscription) || subscription.status === 'incomplete')
      return { rejected: 'not-possible' };
    const from = { priceId: idOf(item.price), quantity: item.quantity ?? 1 };
    if (from.priceId === priceId && from.quantity === quantity) return { rejected: 'no-change' };
    const now = this.clock.now();
    return {
      ...{ organizationId, subscriptionId: subscription.id, itemId: item.id, priceId, quantity, from },
      // Stripe takes a moment of the present period alone, and its clock may differ.
      prorationDate: Math.min(
        Math.max(Math.floor(now.getTime() / 1000), item.current_period_start),
        item.current_period_end,
      ),
      expiresAt: now.getTime() + TOKEN_MINUTES * 60_000,
    };
  }
}

function previewOf(
  customer: string,
  { subscriptionId, itemId, priceId, quantity, prorationDate }: AgreedChange,
): Stripe.InvoiceCreatePreviewParams {
  return {
    customer,
    subscription: subscriptionId,
    subscription_details: {
      items: [{ id: itemId, price: priceId, quantity }],
      proration_behavior: 'always_invoice',
      proration_date: prorationDate,
    },
  };
}

function shown({ total, currency, lines }: Stripe.Invoice): Pick<ChangePreview, 'dueNow' | 'lines'> {
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  return {
    dueNow: moneyOf(total, currency),
    lines: lines.data.map(({ description, amount, period }) => ({
      description,
      amount: moneyOf(amount, currency),
      from: time(period.start),
      to: time(period.end),
    })),
  };
}

/** A read changes nothing, whatever became of it. */
function rejection(failure: StripeFailure): { readonly rejected: StripeRefusal | 'unavailable' } {
  return { rejected: failure.failed === 'refused' ? failure.reason : 'unavailable' };
}
