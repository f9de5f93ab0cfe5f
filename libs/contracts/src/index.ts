export * from './contract.js';
export * from './erasure-receipt.js';
export { factOf } from './fact-of.js';
export * from './facts.js';
export { holdConfirmation, type HoldConfirmation, holdScope, type HoldScope } from './hold.js';
export * from './json-schema.js';
export * from './own-names.js';
export * from './dead-letter-settled.js';
export * from './stored-names.js';
export { serviceName, storeName } from './service-name.js';
export { isStripeId, stripeId } from './stripe-id.js';
export { observationSources } from './billing/observed.js';
export { paymentExceptionId, paymentExceptions } from './billing/payment-exception.js';
export { paymentMethodId } from './billing/payment-method.js';
export { type StripeRead, stripeReads } from './billing/stripe-key.js';
export { subscriptionChanges, subscriptionStatuses } from './billing/subscription.js';
export {
  type DataRequestNotice,
  dataRequestKinds,
  dataRequestNotices,
  erasureRefusals,
  refusalGrounds,
} from './lifecycle/data-request.js';
export {
  isRetentionPolicy,
  type Period,
  keptUnder,
  retentionPolicies,
  type RetentionPolicy,
  type RetentionPolicyId,
  retentionPolicyIds,
} from './lifecycle/retention-policies.js';
export { unusedAccountWarnings } from './identity/unused-account.js';
export { returnEnds } from './lifecycle/return.js';
export { terminationCauses, terminationNotices } from './lifecycle/termination.js';
export * from './services.js';
export type { valuesSealed } from './values-sealed.js';
