/** Names that are inputs of keyed hashes and of associated data, or stand in metadata of objects at Stripe. They never change (ADR 0040). */
export const storedNames = {
  contentHash: 'stripe-content',
  cardColumn: 'payment_method.card_sealed',
  /** In metadata of objects at Stripe. */
  organization: 'vouchsafe_organization',
} as const;
