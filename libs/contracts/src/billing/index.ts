export * from './customer.js';
export * from './dead-letter-settled.js';
export * from './order.js';
export * from './subject-erased.js';
export * from './values-sealed.js';
