export * from './customer.js';
export * from './dead-letter-settled.js';
export * from './invoice.js';
export * from './order.js';
export * from './payment-method.js';
export * from './subject-erased.js';
export * from './subscription.js';
export * from './values-sealed.js';
