export * from './contract.js';
export * from './erasure-receipt.js';
export * from './facts.js';
export * from './json-schema.js';
export * from './own-names.js';
export * from './parked-message-settled.js';
export { serviceName } from './service-name.js';
export * from './services.js';
export type { valuesSealed } from './values-sealed.js';
