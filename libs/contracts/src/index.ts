export * from './contract.js';
export * from './erasure-receipt.js';
export * from './json-schema.js';
export * from './own-names.js';
export * from './parked-message-settled.js';
export type { valuesSealed } from './values-sealed.js';
export * as identityFacts from './identity/index.js';
export * as gatewayFacts from './gateway/index.js';
export * as auditFacts from './audit/index.js';
