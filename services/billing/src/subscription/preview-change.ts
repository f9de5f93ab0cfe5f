import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { type Caller, Clock, organizationOf } from '@vouchsafe/service-host';
import { Vault } from '@vouchsafe/vault';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { Customers } from '../customer/customers.js';
import { priceId, quantity } from '../price/chosen-price.js';
import { PriceCatalog, type PriceRejection } from '../price/price-catalog.js';
import { money, moneyOf } from '../stripe/money.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { isFailed, type StripeFailure, type StripeRefusal } from '../stripe/stripe-failure.js';
import { type AgreedChange, writeToken } from './change-token.js';
import { idOf, timeOf } from '../stripe/written.js';
import { isOver, ownSubscription } from './own-subscription.js';

/** A person reads a page before they agree. */
const TOKEN_MINUTES = 30;

export const wantedChange = z
  .strictObject({
    priceId: priceId
      .optional()
      .describe('`priceId` of GET /v1/billing/prices; omit it to keep the current price'),
    quantity: quantity
      .optional()
      .describe('How many units of the price; omit it to keep the current quantity'),
  })
  .refine((wanted) => Object.keys(wanted).length > 0, 'must have priceId, quantity, or both')
  .meta({
    id: 'WantedSubscriptionChange',
    minProperties: 1,
    examples: [{ priceId: 'price_1Pq2xK2eZvKYlo2C', quantity: 5 }],
  });
type WantedChange = z.output<typeof wantedChange>;

export const changePreview = z
  .strictObject({
    token: z.string().describe('Send it to agree to exactly this change at exactly this cost'),
    expiresAt: z.iso.datetime(),
    dueNow: money.describe('Amount that the card is charged when the change is made; never negative'),
    creditUsed: money.describe('Part of the cost that is paid from the organization’s credit'),
    creditLeft: money.describe('Credit after the change. It pays for the next invoices and is not refunded.'),
    lines: z
      .array(
        z.strictObject({
          description: z.string().nullable().describe('Stripe’s words'),
          amount: money.describe('Negative for credit: paid time that is not used'),
          from: z.iso.datetime().describe('Start of the period that this line covers'),
          to: z.iso.datetime().describe('End of the period that this line covers'),
        }),
      )
      .describe(
        'The items of the cost. `creditUsed` is subtracted from their sum; a negative sum becomes credit.',
      ),
  })
  .meta({ id: 'SubscriptionChangePreview' });
type ChangePreview = z.infer<typeof changePreview>;

/** A change without the balance, which only the preview says. */
type Wish = Omit<AgreedChange, 'balance'>;

export type PreviewRejection =
  PriceRejection | { readonly rejected: StripeRefusal | 'unavailable' | 'no-change' | 'several-prices' };

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
    const customerId = await this.customers.find(organizationId);
    if (customerId === undefined) return { rejected: 'not-found' };
    const stripe = this.stripe.for(organizationId);
    const subscription = await ownSubscription(stripe, customerId, subscriptionId);
    if (isFailed(subscription)) return rejection(subscription);
    const wish = this.changeOf(organizationId, subscription, wanted);
    if ('rejected' in wish) return wish;
    const invoice = await stripe.read((client, options) =>
      client.invoices.createPreview(previewOf(customerId, wish), options),
    );
    if (isFailed(invoice)) return rejection(invoice);
    const change: AgreedChange = { ...wish, balance: invoice.starting_balance };
    const token = await this.database.forOrganization(organizationId, (sql) =>
      writeToken(this.vault, sql, change),
    );
    return { token, expiresAt: new Date(change.expiresAt).toISOString(), ...shown(invoice) };
  }

  private changeOf(
    organizationId: string,
    subscription: Stripe.Subscription,
    wanted: WantedChange,
  ): Wish | PreviewRejection {
    if (isOver(subscription)) return { rejected: 'subscription-ended' };
    if (subscription.status === 'incomplete') return { rejected: 'subscription-incomplete' };
    const [item, ...others] = subscription.items.data;
    if (!item || others.length > 0) return { rejected: 'several-prices' };
    const from = { priceId: idOf(item.price), quantity: item.quantity ?? 1 };
    const { priceId = from.priceId, quantity = from.quantity } = wanted;
    const notSold = this.prices.refusalOfChange(from.priceId, priceId);
    if (notSold) return notSold;
    if (from.priceId === priceId && from.quantity === quantity) return { rejected: 'no-change' };
    const currency = this.prices.currencyOf(priceId) ?? subscription.currency;
    if (currency.toLowerCase() !== subscription.currency) return { rejected: 'other-currency' };
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
  { subscriptionId, itemId, priceId, quantity, prorationDate }: Wish,
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

/** A balance below 0 is credit. Stripe adds to it what is below 0 of an invoice, and takes from it before it charges. */
function shown(invoice: Stripe.Invoice): Omit<ChangePreview, 'token' | 'expiresAt'> {
  const { total, amount_due: due, starting_balance: balance, currency, lines } = invoice;
  const [before, after] = [Math.max(0, -balance), Math.max(0, due - total - balance)];
  return {
    dueNow: moneyOf(due, currency),
    creditUsed: moneyOf(Math.max(0, before - after), currency),
    creditLeft: moneyOf(after, currency),
    lines: lines.data.map(({ description, amount, period }) => ({
      description,
      amount: moneyOf(amount, currency),
      from: timeOf(period.start),
      to: timeOf(period.end),
    })),
  };
}

/** A read changes nothing, whatever became of it. */
function rejection(failure: StripeFailure): { readonly rejected: StripeRefusal | 'unavailable' } {
  return { rejected: failure.failed === 'refused' ? failure.reason : 'unavailable' };
}
