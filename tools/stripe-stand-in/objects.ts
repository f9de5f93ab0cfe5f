import type { Stripe } from 'stripe';

/** A reference as it is kept: the id, never the object in its place. */
type Reference<Value> = string extends Value ? Exclude<Value, object> : Value;

/** An object of the SDK as it is on the wire: decimals are text, and what can be expanded is an id. */
export type Wire<Value> = Value extends Stripe.Decimal
  ? string
  : Value extends readonly (infer Item)[]
    ? Wire<Reference<Item>>[]
    : Value extends object
      ? { [Name in keyof Value]: Wire<Reference<Value[Name]>> }
      : Value;

export type Customer = Wire<Stripe.Customer>;
export type Product = Wire<Stripe.Product>;
export type Price = Wire<Stripe.Price>;
export type PaymentMethod = Wire<Stripe.PaymentMethod>;
export type SetupIntent = Wire<Stripe.SetupIntent>;
export type PaymentIntent = Wire<Stripe.PaymentIntent>;
export type Charge = Wire<Stripe.Charge>;
export type Subscription = Wire<Stripe.Subscription>;
export type SubscriptionItem = Wire<Stripe.SubscriptionItem>;
export type Invoice = Wire<Stripe.Invoice>;
export type InvoiceLine = Wire<Stripe.InvoiceLineItem>;
export type InvoiceItem = Wire<Stripe.InvoiceItem>;
export type InvoicePayment = Wire<Stripe.InvoicePayment>;
export type CheckoutSession = Wire<Stripe.Checkout.Session>;
export type LineItem = Wire<Stripe.LineItem>;
export type PortalSession = Wire<Stripe.BillingPortal.Session>;
export type CreditNote = Wire<Stripe.CreditNote>;
export type CreditNoteLine = Wire<Stripe.CreditNoteLineItem>;
export type Refund = Wire<Stripe.Refund>;
export type Dispute = Wire<Stripe.Dispute>;
export type EarlyFraudWarning = Wire<Stripe.Radar.EarlyFraudWarning>;
export type Payout = Wire<Stripe.Payout>;
export type BalanceTransaction = Wire<Stripe.BalanceTransaction>;
export type Plan = Wire<Stripe.Plan>;
export type EventType = Stripe.Event['type'];

/** Every kind of object that is kept, by the name in its `object`. */
export interface Kinds {
  customer: Customer;
  product: Product;
  price: Price;
  payment_method: PaymentMethod;
  setup_intent: SetupIntent;
  payment_intent: PaymentIntent;
  charge: Charge;
  subscription: Subscription;
  invoice: Invoice;
  invoiceitem: InvoiceItem;
  invoice_payment: InvoicePayment;
  'checkout.session': CheckoutSession;
  'billing_portal.session': PortalSession;
  credit_note: CreditNote;
  refund: Refund;
  dispute: Dispute;
  'radar.early_fraud_warning': EarlyFraudWarning;
  payout: Payout;
  balance_transaction: BalanceTransaction;
  event: StoredEvent;
}
export type Kind = keyof Kinds;
export type Stored = Kinds[Kind];

/** An event with the object as it was. */
export interface StoredEvent {
  readonly id: string;
  readonly object: 'event';
  readonly api_version: string;
  readonly created: number;
  readonly data: {
    readonly object: object;
    readonly previous_attributes?: Readonly<Record<string, unknown>>;
  };
  readonly livemode: false;
  pending_webhooks: number;
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null };
  readonly type: EventType;
}
