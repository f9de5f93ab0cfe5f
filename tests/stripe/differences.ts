/** Stripe's API has it since the version after the one that the description is of; the SDK's types and change log say so. */
const NEWER = 'since 2026-09-30.endive';
/** Stripe sends it, and the SDK's types have it; the description that is given out leaves it out. */
const UNDESCRIBED = 'in the types of the SDK, which are made of a fuller description';

/**
 * What the stand-in answers beyond Stripe's description as stripe-mock's newest release has it: stripe-mock lags behind the SDK,
 * whose version we ask for. The suite refuses a line that the description has meanwhile, and one that nothing needs.
 */
export const differences: readonly {
  readonly schema: string;
  readonly member: string;
  readonly why: string;
}[] = [
  { schema: 'checkout.session', member: 'allowed_payment_method_types', why: NEWER },
  { schema: 'payment_intent', member: 'payment_record', why: NEWER },
  { schema: 'dispute', member: 'intended_submission_method', why: NEWER },
  { schema: 'dispute_evidence_details', member: 'submission_method', why: NEWER },
  { schema: 'payment_method_details_card', member: 'electronic_commerce_indicator', why: NEWER },
  { schema: 'product', member: 'tax_details', why: NEWER },
  { schema: 'subscription_item', member: 'current_trial', why: NEWER },
  {
    schema: 'subscriptions_resource_trial_settings_end_behavior',
    member: 'billing_cycle_anchor',
    why: NEWER,
  },
  { schema: 'charge', member: 'source', why: UNDESCRIBED },
  { schema: 'payment_intent', member: 'source', why: UNDESCRIBED },
  { schema: 'product', member: 'type', why: UNDESCRIBED },
  { schema: 'subscription_item', member: 'plan', why: UNDESCRIBED },
  { schema: 'recurring', member: 'trial_period_days', why: UNDESCRIBED },
];

/** What billing sends beyond that description, for the SDK's version of the API has it: stripe-mock is asked without it. */
export const newerParameters: readonly {
  readonly route: string;
  readonly parameter: string;
  readonly why: string;
}[] = [
  {
    route: 'POST /v1/checkout/sessions',
    parameter: 'allowed_payment_method_types',
    why: `${NEWER}, in place of payment_method_types`,
  },
];
