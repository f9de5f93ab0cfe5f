import { inventoryOf, type PersonalColumn, sharedColumns } from '@vouchsafe/service-host';
import { billingPublishing } from './billing.publishing.js';

/** Personal values in billing's own tables (P18). */
export const personalColumns: readonly PersonalColumn[] = [
  {
    table: 'payment_method',
    column: 'card_sealed',
    holds: 'brand, last four digits and expiry of a card',
    purpose: 'contract',
    form: 'sealed',
    policies: ['ended-organizations'],
  },
];

/** Columns of text and bytes in billing's own tables that hold no personal data, with the reason. */
export const impersonalColumns: Readonly<Record<string, string>> = {
  'customer.customer_id': 'random text of Stripe’s, for an organization',
  'stripe_object.object_id': 'random text of Stripe’s',
  'intent.target': 'random text of Stripe’s, for an organization, or `customer`',
  'intent.customer_id': 'random text of Stripe’s, for an organization',
  'stripe_object.object_type': 'a type of Stripe’s objects',
  'stripe_object.source': 'of a closed set',
  'stripe_object.event_id': 'random text of Stripe’s',
  'stripe_object.error': 'of a closed set',
  'stripe_object.content_hash': 'keyed hash of what an object is like',
  'inbox.account': 'of a closed set',
  'inbox.event_id': 'random text of Stripe’s',
  'inbox.type': 'a type of Stripe’s events',
  'inbox.object_id': 'random text of Stripe’s',
  'inbox.api_version': 'a version of Stripe’s API',
  'inbox.source': 'of a closed set',
  'subscription.subscription_id': 'random text of Stripe’s, for an organization',
  'subscription.customer_id': 'random text of Stripe’s, for an organization',
  'subscription.status': 'of a closed set',
  'subscription.items': 'prices and quantities of an organization',
  'subscription.currency': 'of a closed set',
  'invoice.invoice_id': 'random text of Stripe’s, for an organization',
  'invoice.customer_id': 'random text of Stripe’s, for an organization',
  'invoice.subscription_id': 'random text of Stripe’s, for an organization',
  'invoice.number': 'a number of an organization’s invoice',
  'invoice.status': 'of a closed set',
  'invoice.billing_reason': 'of a set of Stripe’s',
  'invoice.currency': 'of a closed set',
  'payment_method.payment_method_id': 'random text of Stripe’s, for an organization',
  'payment_method.customer_id': 'random text of Stripe’s, for an organization',
  'payment_method.kind': 'of a set of Stripe’s',
  'price.price_id': 'random text of Stripe’s, for what is sold',
  'price.product': 'name of what is sold',
  'price.currency': 'of a closed set',
  'price.interval': 'of a closed set',
  'stripe_key.key_sealed': 'a key of an organization’s at Stripe, sealed',
  'stripe_key.last_four': 'of an organization’s key at Stripe',
  'stripe_customer.customer_id': 'random text of Stripe’s, for an organization',
  'stripe_customer.default_payment_method_id': 'random text of Stripe’s, for an organization',
};

/** Every personal field that billing stores or publishes. */
export const billingInventory = inventoryOf({
  service: 'billing',
  publishing: billingPublishing,
  columns: [...personalColumns, ...sharedColumns],
});
