/**
 * Names that are inputs of keyed hashes, or stand in metadata of objects at Stripe. They never change: with another name a repeated request
 * would be carried out again, and nothing at Stripe would be known as ours (ADR 0040).
 */
export const storedNames = {
  intentId: 'billing-intent',
  stripeKey: 'stripe-idempotency-key',
  changePreview: 'subscription-change-preview',
  contentHash: 'stripe-content',
  /** What a sealed card is bound to, with the row's id. */
  cardColumn: 'payment_method.card_sealed',
  /** What a sealed key of a customer's is bound to, with the organization's id. */
  customerKeyColumn: 'stripe_key.key_sealed',
  failedCard: 'stripe-card-fingerprint',
  customerMark: 'stripe-customer',
  /** In metadata of objects at Stripe. */
  organization: 'vouchsafe_organization',
  mark: 'vouchsafe_mark',
  intent: 'vouchsafe_intent',
  /** The intent that changed the object last. */
  change: 'vouchsafe_change',
} as const;
