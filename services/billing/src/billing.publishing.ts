import { billingFacts } from '@vouchsafe/contracts';
import { type Publishing, publishing } from '@vouchsafe/event-store';
import { receiptPublishing, sealingPublishing, settledPublishing } from '@vouchsafe/service-host';
import { accountEvents } from './account/account.events.js';
import { publishAccount } from './account/account.published.js';
import { cardFailureEvents } from './card-failure/card-failure.events.js';
import { publishCardFailure } from './card-failure/card-failure.published.js';
import { customerEvents } from './customer/customer.events.js';
import { publishCustomer } from './customer/customer.published.js';
import { intentEvents } from './intent/intent.events.js';
import { publishIntent } from './intent/intent.published.js';
import { invoiceEvents } from './invoice/invoice.events.js';
import { publishInvoice } from './invoice/invoice.published.js';
import { paymentExceptionEvents } from './payment-exception/payment-exception.events.js';
import { publishPaymentException } from './payment-exception/payment-exception.published.js';
import { paymentMethodEvents } from './payment-method/payment-method.events.js';
import { publishPaymentMethod } from './payment-method/payment-method.published.js';
import { purgeCheckEvents } from './purge-check/purge-check.events.js';
import { publishPurgeCheck } from './purge-check/purge-check.published.js';
import { stripeCustomerEvents } from './stripe-customer/stripe-customer.events.js';
import { publishStripeCustomer } from './stripe-customer/stripe-customer.published.js';
import { stripeKeyUseEvents } from './stripe-key/stripe-key-use.events.js';
import { stripeKeyEvents } from './stripe-key/stripe-key.events.js';
import { publishStripeKey, publishStripeKeyUse } from './stripe-key/stripe-key.published.js';
import { subscriptionEvents } from './subscription/subscription.events.js';
import { publishSubscription } from './subscription/subscription.published.js';

/** Every catalog of the service, and what is published of it. */
export const billingPublishing: readonly Publishing[] = [
  publishing(customerEvents, publishCustomer),
  publishing(intentEvents, publishIntent),
  publishing(subscriptionEvents, publishSubscription),
  publishing(accountEvents, publishAccount),
  publishing(invoiceEvents, publishInvoice),
  publishing(paymentExceptionEvents, publishPaymentException),
  publishing(cardFailureEvents, publishCardFailure),
  publishing(paymentMethodEvents, publishPaymentMethod),
  publishing(stripeCustomerEvents, publishStripeCustomer),
  publishing(stripeKeyEvents, publishStripeKey),
  publishing(stripeKeyUseEvents, publishStripeKeyUse),
  publishing(purgeCheckEvents, publishPurgeCheck),
  ...receiptPublishing(billingFacts),
  settledPublishing(billingFacts.deadLetterSettled),
  sealingPublishing(billingFacts.valuesSealed),
];
