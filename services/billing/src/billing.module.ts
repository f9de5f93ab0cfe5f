import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  ConfigError,
  DATA_STORES,
  DataStoresModule,
  type HostConfig,
  PersistenceModule,
} from '@vouchsafe/service-host';
import type { BillingConfig } from './billing.config.js';
import { billingPublishing } from './billing.publishing.js';
import { BillingReturned } from './billing.returned.js';
import { billingStores } from './billing.stores.js';
import { billingMigrations } from './persistence/migrations.js';
import { CheckoutController } from './checkout/checkout.controller.js';
import { checkoutSessionOrder, CreateCheckoutSession } from './checkout/create-checkout-session.js';
import { ChangeCustomer, changeCustomerOrder } from './customer/change-customer.js';
import { CustomerController } from './customer/customer.controller.js';
import { CustomerAtStripe } from './customer/customer-at-stripe.js';
import { CustomerRow } from './customer/customer.entity.js';
import { Customers } from './customer/customers.js';
import { ReadCustomer } from './customer/read-customer.js';
import { CarryOut } from './intent/carry-out.js';
import { IntentWorker } from './intent/intent-worker.js';
import { type Order, ORDERS } from './intent/order.js';
import { PlaceOrder } from './intent/place-order.js';
import { CreatePortalSession, portalSessionOrder } from './portal/create-portal-session.js';
import { PortalController } from './portal/portal.controller.js';
import { CreateSetupIntent, setupIntentOrder } from './setup-intent/create-setup-intent.js';
import { SetupIntentController } from './setup-intent/setup-intent.controller.js';
import { RETURN_ORIGINS, ReturnUrls } from './stripe/return-url.js';
import {
  CancelSubscription,
  cancelSubscriptionOrder,
  resumeSubscriptionOrder,
} from './subscription/cancel-subscription.js';
import { ChangeSubscription, changeSubscriptionOrder } from './subscription/change-subscription.js';
import { PreviewChange } from './subscription/preview-change.js';
import {
  ChangePaymentMethod,
  detachOrder,
  makeDefaultOrder,
} from './payment-method/change-payment-method.js';
import { PaymentMethodController } from './payment-method/payment-method.controller.js';
import { CreateSubscription, createSubscriptionOrder } from './subscription/create-subscription.js';
import { CustomersStore } from './erasure/customers-store.js';
import { INVOICE_YEARS, RemovePerson } from './erasure/remove-person.js';
import { StripeEventsStore } from './erasure/stripe-events-store.js';
import { Inbox } from './inbox/inbox.js';
import { InvoiceController } from './invoice/invoice.controller.js';
import { InvoiceRow } from './invoice/invoice.entity.js';
import { ReadInvoices } from './invoice/read-invoices.js';
import { Claims } from './observation/claims.js';
import { KnownCustomers } from './observation/known-customers.js';
import { ObservationWorker } from './observation/observation-worker.js';
import { ReadStripeObject } from './observation/read-object.js';
import { RecordObservation } from './observation/record-observation.js';
import { ListPaymentMethods } from './payment-method/list-payment-methods.js';
import { PaymentMethodRow } from './payment-method/payment-method.entity.js';
import { CheckBeforePurge } from './purge-check/check-before-purge.js';
import { PurgeChecksController } from './reactions/purge-checks.controller.js';
import { DailyReconciliation } from './reconciliation/daily-reconciliation.js';
import { Reconcile } from './reconciliation/reconcile.js';
import { StripeCustomerRow } from './stripe-customer/stripe-customer.entity.js';
import { CUSTOMER_STRIPE_KEYS } from './stripe-key/customer-stripe-keys.js';
import { ListPayouts } from './stripe-key/list-payouts.js';
import { ReadBalance } from './stripe-key/read-balance.js';
import { ReadStripeKey } from './stripe-key/read-stripe-key.js';
import { RemoveStripeKey } from './stripe-key/remove-stripe-key.js';
import { SetStripeKey } from './stripe-key/set-stripe-key.js';
import { StripeKeyController } from './stripe-key/stripe-key.controller.js';
import { StripeKeyRow } from './stripe-key/stripe-key.entity.js';
import { StripeReadsController } from './stripe-key/stripe-reads.controller.js';
import { UseStripeKey } from './stripe-key/use-stripe-key.js';
import { ReadSubscriptions } from './subscription/read-subscriptions.js';
import { SubscriptionRow } from './subscription/subscription.entity.js';
import { TakeWebhook } from './webhook/take-webhook.js';
import { VerifyWebhook, WEBHOOK_SECRETS } from './webhook/verify-webhook.js';
import { WebhookController } from './webhook/webhook.controller.js';
import { SubscriptionController } from './subscription/subscription.controller.js';
import { PRICE_IDS, PriceCatalog } from './price/price-catalog.js';
import { PriceRow } from './price/price.entity.js';
import { PriceController } from './price/price.controller.js';
import { STRIPE_SETTINGS, StripeApi } from './stripe/stripe-api.js';
import { stripeSettings } from './stripe/stripe-settings.js';

type Slice = Required<Pick<ModuleMetadata, 'controllers' | 'providers'>>;

/** What each slice answers, and what it is made of. */
const slices: Readonly<Record<string, Slice>> = {
  customer: {
    controllers: [CustomerController],
    providers: [Customers, CustomerAtStripe, ReadCustomer, ChangeCustomer],
  },
  intent: { controllers: [], providers: [PlaceOrder, CarryOut, IntentWorker] },
  checkout: { controllers: [CheckoutController], providers: [CreateCheckoutSession] },
  'setup-intent': { controllers: [SetupIntentController], providers: [CreateSetupIntent] },
  portal: { controllers: [PortalController], providers: [CreatePortalSession] },
  subscription: {
    controllers: [SubscriptionController],
    providers: [
      ...[CreateSubscription, PreviewChange, ChangeSubscription, CancelSubscription],
      ReadSubscriptions,
    ],
  },
  invoice: { controllers: [InvoiceController], providers: [ReadInvoices] },
  'payment-method': {
    controllers: [PaymentMethodController],
    providers: [ChangePaymentMethod, ListPaymentMethods],
  },
  webhook: { controllers: [WebhookController], providers: [TakeWebhook, VerifyWebhook, Inbox] },
  observation: {
    controllers: [],
    providers: [Claims, KnownCustomers, ReadStripeObject, RecordObservation, ObservationWorker],
  },
  reconciliation: { controllers: [], providers: [Reconcile, DailyReconciliation] },
  'stripe-key': {
    controllers: [StripeKeyController, StripeReadsController],
    providers: [SetStripeKey, ReadStripeKey, RemoveStripeKey, UseStripeKey, ReadBalance, ListPayouts],
  },
  'purge-check': { controllers: [PurgeChecksController], providers: [CheckBeforePurge] },
  erasure: {
    controllers: [],
    providers: [
      ...[RemovePerson, BillingReturned, StripeEventsStore, CustomersStore],
      {
        provide: DATA_STORES,
        useFactory: billingStores,
        inject: [Database, StripeEventsStore, CustomersStore, BillingReturned],
      },
    ],
  },
  price: { controllers: [PriceController], providers: [PriceCatalog] },
};

/** Everything that a person can order at Stripe. */
const orders: readonly Order[] = [
  changeCustomerOrder,
  checkoutSessionOrder,
  setupIntentOrder,
  portalSessionOrder,
  createSubscriptionOrder,
  changeSubscriptionOrder,
  cancelSubscriptionOrder,
  resumeSubscriptionOrder,
  makeDefaultOrder,
  detachOrder,
];

@Module({})
export class BillingModule {
  static with(config: BillingConfig & HostConfig): DynamicModule {
    return {
      module: BillingModule,
      imports: [
        PersistenceModule.for({
          service: 'billing',
          config,
          migrations: billingMigrations,
          entities: [
            CustomerRow,
            SubscriptionRow,
            InvoiceRow,
            PaymentMethodRow,
            StripeCustomerRow,
            StripeKeyRow,
            PriceRow,
          ],
          publishing: billingPublishing,
        }),
        DataStoresModule.for(config),
      ],
      controllers: Object.values(slices).flatMap(({ controllers }) => controllers),
      providers: [
        { provide: STRIPE_SETTINGS, useValue: stripeSettings(config) },
        { provide: WEBHOOK_SECRETS, useValue: config.STRIPE_WEBHOOK_SECRET ?? [] },
        { provide: PRICE_IDS, useValue: config.VOUCHSAFE_BILLING_PRICES },
        { provide: CUSTOMER_STRIPE_KEYS, useValue: config.VOUCHSAFE_CUSTOMER_STRIPE_KEYS },
        { provide: INVOICE_YEARS, useValue: config.VOUCHSAFE_INVOICE_YEARS },
        { provide: RETURN_ORIGINS, useValue: returnOrigins(config) },
        { provide: ORDERS, useValue: orders },
        StripeApi,
        ReturnUrls,
        ...Object.values(slices).flatMap(({ providers }) => providers),
      ],
    };
  }
}

/** Those of the product's pages, as the gateway knows them. @throws ConfigError for plain http, but on one machine outside production */
function returnOrigins(config: BillingConfig & HostConfig): readonly string[] {
  const isLocal = ({ hostname }: URL) => ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return [config.VOUCHSAFE_PUBLIC_URL, ...config.VOUCHSAFE_ALLOWED_ORIGINS].map((text) => {
    const url = new URL(text);
    if (url.protocol === 'https:' || (isLocal(url) && config.VOUCHSAFE_ENVIRONMENT !== 'production'))
      return url.origin;
    throw new ConfigError(
      `Wrong configuration:\n  VOUCHSAFE_PUBLIC_URL, VOUCHSAFE_ALLOWED_ORIGINS: ${url.origin} must be https`,
    );
  });
}
